#!/usr/bin/env bash
# Profiles and templates of one's own: unknown keys and fields are told with place and nearest name.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
share=$(dirname "$program")/../share/pcluster

cp "$share/site-configs/local.yaml" mine.yaml
ok pcluster submit --site "$PWD/mine.yaml" --jobs 1 --dry-run
code 3 pcluster status               # a dry run starts nothing

(cat mine.yaml; echo "scheduller: local") > wrong.yaml
code 2 pcluster submit --site "$PWD/wrong.yaml" --jobs 1
says "wrong.yaml:$(wc -l < wrong.yaml)" "scheduller" 'did you mean' 'scheduler'

grep -v '^job_template' mine.yaml > own.yaml
echo "job_template: own.sh" >> own.yaml
(cat "$share/templates/local.sh"; echo 'echo {{direktives}}') > own.sh
code 2 pcluster submit --site "$PWD/own.yaml" --jobs 1
says "own.sh" "direktives"
