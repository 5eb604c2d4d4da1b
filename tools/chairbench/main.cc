#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "tools/chairbench/cli.h"
#include "tools/chairbench/interrupt.h"

int main(int argc, char** argv) {
  emptychair::bench::NoteInterrupts();
  std::signal(SIGPIPE, SIG_IGN);
  return emptychair::bench::RunChairbench(std::vector<std::string>(argv + 1, argv + argc),
                                          std::cout, std::cerr);
}
