#!/usr/bin/env bash
# The installed directory runs where there is nothing but the C library, /proc and /sys: a launcher,
# and a worker with its tasks, in such a root.
# SPDX-License-Identifier: MIT
if [[ $(id -u) == 0 && -z ${OWN_MOUNTS:-} ]]; then
  exec env OWN_MOUNTS=1 unshare --mount --propagation private bash "$0" "$@"
fi
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
(($(id -u) == 0)) || skip "only root can change its root"
installed=$(realpath "$(dirname "$program")/..")
[[ -f $installed/share/pcluster/LICENSE ]] || skip "$program is not installed (./dev install DIR)"

# The root: our directory, what of the C library it names, and the shared file system.
root=$dir/root
mkdir -p "$root"/{opt,proc,sys} "$root$dir"/{state,tmp,work} "$PCLUSTER_DIR"
cp -r "$installed" "$root/opt/pcluster"
needed=$(ldd "$program" | grep -oE '/[^ ]+' | grep -v "^$installed/")
for library in $needed; do
  owner=$(dpkg -S "*${library#/usr}" | cut -d: -f1 | sort -u)
  same "$owner" libc6 "the package of $library"
  mkdir -p "$root${library%/*}"
  cp -L "$library" "$root$library"
done
mount -t proc proc "$root/proc"
mount --bind /sys "$root/sys"
for shared in state tmp work; do mount --bind "$dir/$shared" "$root$dir/$shared"; done
undo() { umount -l "$root"/{proc,sys} "$root$dir"/{state,tmp,work}; }

bare=/opt/pcluster/bin/pcluster
in_root() { chroot "$root" "$bare" "$@"; }
ok in_root --version
ok in_root submit --site local --jobs 1 --dry-run
says "pcluster"

# A launcher in there.
mkdir -m 700 "$PCLUSTER_DIR/inside"
chroot "$root" "$bare" launcher --directory "$PCLUSTER_DIR/inside" --cluster inside &
eventually 5 in_root --cluster inside status
ok in_root --cluster inside stop
wait

# A worker in there; only its job's shell is outside.
share=$installed/share/pcluster
cp "$share/templates/local.sh" job.sh
enter='shift; set -- /usr/sbin/chroot '$root' '$bare' "$@"'
sed -i "s#^set -- {{worker_command}}#&; $enter#" job.sh
grep -q chroot job.sh || fail "the template does not start {{worker_command}}"
grep -v '^job_template' "$share/site-configs/local.yaml" > bare.yaml
echo "job_template: job.sh" >> bare.yaml
ok pcluster submit --site "$PWD/bare.yaml" --jobs 1 --cores 2
ok pcluster map --trials 0-19 -- "$bare" --version
ok pcluster results --json
same "$(json 'len(i), {x["state"] for x in i} == {"done"}')" "20 True" "results"
version=$(in_root --version)
ok pcluster logs last
same "$(grep -cF "$version" "$dir/out")" 20 "outputs of tasks in the bare root"
code 1 pcluster map --trials 0-0 -- sh -c true
says "sh"
stopped
