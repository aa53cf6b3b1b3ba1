#!/usr/bin/env bash
# `pcluster mpiexec` in mpiexec's place: streams byte by byte, standard input, exit code, signals.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
command -v mpicc > /dev/null && command -v mpiexec > /dev/null || skip "no MPI is installed"

cat > ranks.c <<'C'
// ranks [CODE [FILE]]: rank 0 copies its standard input to its output, or the file to both streams;
// the ranks meet; the last one ends with CODE.
#include <fcntl.h>
#include <mpi.h>
#include <stdlib.h>
#include <unistd.h>
static void copy(int from, int streams) {
  char bytes[4096];
  for (ssize_t got; (got = read(from, bytes, sizeof bytes)) > 0;)
    for (int stream = 1; stream <= streams; ++stream)
      for (ssize_t done = 0; done < got;) done += write(stream, bytes + done, got - done);
}
int main(int argc, char** argv) {
  int rank, size;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (rank == 0) argc > 2 ? copy(open(argv[2], O_RDONLY), 2) : copy(0, 1);
  MPI_Barrier(MPI_COMM_WORLD);
  MPI_Finalize();
  return argc > 1 && rank == size - 1 ? atoi(argv[1]) : 0;
}
C
mpicc -o ranks ranks.c > "$dir/out" 2> "$dir/err" || { show; fail "mpicc"; }
code 125 pcluster mpiexec -n 2 ./ranks
says "no launcher runs" "pcluster submit"
ok pcluster submit --jobs 1 --cores 2

# A megabyte of all bytes there are: on both streams; to rank 0; and to it and back.  (The end of
# the input comes once all is back: Open MPI 4.1.4's mpiexec alone, without us, dies now and then by
# SIGSEGV when it comes while much is under way.)
head -c 1000003 /dev/urandom > bytes
code 0 pcluster mpiexec -np 2 ./ranks 0 bytes
cmp bytes "$dir/out" && cmp bytes "$dir/err" || fail "bytes on both streams"
pcluster mpiexec -np 2 sha1sum < bytes > out || fail "mpiexec with a file"
grep -qF "$(sha1sum < bytes)" out || fail "bytes of a file"
all_back() { (($(stat -c %s out) >= 1000003)); }
{ cat bytes && eventually 20 all_back; } | pcluster mpiexec -np 2 ./ranks > out ||
  fail "mpiexec with a pipe"
cmp bytes out || fail "bytes of a pipe"
: > empty
for input in /dev/null empty; do
  pcluster mpiexec -np 2 ./ranks < "$input" > out 2> err || fail "mpiexec with $input"
  [[ ! -s out && ! -s err ]] || fail "output of $input"
done
pcluster mpiexec -np 2 ./ranks <&- || fail "mpiexec without a standard input"
# Nobody reads: it ends all the same.
timeout 20 bash -c 'yes | "$0" mpiexec -np 2 true' "$program" || fail "nobody reads: no end"

# A conversation, line by line.
mkfifo in out.fifo
pcluster mpiexec -n 1 cat < in > out.fifo &
exec 7> in 8< out.fifo
begun=$(now_ms)
for line in {1..20}; do
  echo "line $line" >&7
  IFS= read -r -t 10 back <&8 || fail "no answer to line $line"
  same "$back" "line $line" "the answer"
  ((line > 1)) || begun=$(now_ms)
done
report "ms for a line and its answer: $((($(now_ms) - begun) / 19))"
exec 7>&-
wait $! || fail "the end of a conversation"
exec 8<&-

# Variables, directory, exit code; what is ignored is named on one line.
mkdir sub
TOLD=yes OMPI_MCA_told=too ok pcluster mpiexec -n 1 -x TOLD -x MORE=1 -wdir sub \
  sh -c 'echo $TOLD $MORE $OMPI_MCA_told ${PWD##*/}'
same "$(cat "$dir/out")" "yes 1 too sub" "what a rank sees"
silent_on err
ok pcluster mpiexec --oversubscribe --bind-to core --map-by slot -np 2 ./ranks
same "$(grep -c ignored "$dir/err")" 1 "lines on what is ignored"
says "ignored: --oversubscribe, --bind-to, --map-by"
ok pcluster mpiexec -quiet --oversubscribe -np 2 ./ranks
silent_on err
code 5 pcluster mpiexec -np 2 ./ranks 5
silent_on out
code 2 pcluster mpiexec -n 1 true : -n 1 true
same "$(pcluster run -i -- wc -c < bytes)" 1000003 "bytes that run -i reads"

# The launcher dies in the middle of it, and another one goes on: no byte is lost, none comes twice.
{
  head -c 600000 bytes
  kill -9 "$(launcher_pid)"
  tail -c +600001 bytes
  eventually 20 all_back
} | pcluster mpiexec -np 2 ./ranks > out 2> err || fail "mpiexec with two launchers"
cmp bytes out || fail "bytes that two launchers handed on"
grep -q "connection to the launcher is lost" err || fail "no second launcher"

# TERM, Ctrl-C and the death of the caller end all ranks.
# ended_by SIGNAL CODE
ended_by() {
  local got=0 begun
  mkfifo hold
  env --default-signal=INT "$program" mpiexec -np 2 \
    sh -c "echo \$\$ >> $1.pids; exec sleep 600" < hold 2> /dev/null &
  exec 9> hold
  eventually 20 has_lines 2 "$1.pids"
  begun=$(now_ms)
  kill -s "$1" $!
  wait $! 2> /dev/null || got=$?
  same "$got" "$2" "exit code after $1"
  eventually 4 none_of "$1.pids"
  at_most $(($(now_ms) - begun)) 4000 "ms to the end of all ranks after $1"
  exec 9>&-
  rm hold
}
has_lines() { (($(wc -l < "$2") >= $1)); }
none_of() {
  local pid
  while read -r pid; do [[ ! -e /proc/$pid ]] || return 1; done < "$1"
}
ended_by TERM 143
ended_by INT 130
ended_by KILL 137
stopped
