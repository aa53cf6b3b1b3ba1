# Tests of the whole program: bash scripts, each alone on its own state directory.
