// The tool for stores that no server has open: restores backups, and looks at them and at data
// directories.
#ifndef EMPTYCHAIR_TOOLS_CHAIRSTORE_CHAIRSTORE_H_
#define EMPTYCHAIR_TOOLS_CHAIRSTORE_CHAIRSTORE_H_

#include <ostream>
#include <string>
#include <vector>

#include "common/base/clock.h"

namespace emptychair {

// What the tool has of the world. Everything must outlive a run.
struct ChairstoreEnvironment {
  std::ostream* out = nullptr;
  std::ostream* err = nullptr;
  bool err_is_terminal = false;  // Then progress is shown there.
  const Clock* clock = Clock::System();
};

// Runs the command that `arguments` name, without the program's name, and answers its exit code: 0,
// 1 for an error, 2 for wrong usage, 79 where damage was found.
int RunChairstore(const std::vector<std::string>& arguments,
                  const ChairstoreEnvironment& environment);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRSTORE_CHAIRSTORE_H_
