// What the mutated sources ask: whether a mutant is the one that this process runs.
#pragma once

// True where the environment says CVTOOL_MUTANT=number. Where CVTOOL_MUTANTS_REACHED names a file, each number that is
// asked for is added to it once, as a line.
bool mutated(int number);
