// One binary: the verbs that people type, and the three roles that it starts itself as.
// SPDX-License-Identifier: MIT
int main() {}
