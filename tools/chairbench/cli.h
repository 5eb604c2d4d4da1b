// chairbench, as a function.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_CLI_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_CLI_H_

#include <ostream>
#include <string>
#include <vector>

namespace emptychair::bench {

// Runs `chairbench ARGUMENTS…` and answers its exit code: 0; 1 when the run failed or was
// interrupted; 2 for wrong usage. NoteInterrupts has been called.
int RunChairbench(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_CLI_H_
