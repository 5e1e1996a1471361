#include "cli/command.h"

int main(int argc, char** argv) { return cvtool::run_program(argc, argv); }
