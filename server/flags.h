// The command line of emptychaird.
#ifndef EMPTYCHAIR_SERVER_FLAGS_H_
#define EMPTYCHAIR_SERVER_FLAGS_H_

#include "server/config.h"

namespace emptychair {

// Reads the settings from the flags, after absl::ParseCommandLine has parsed these (and the files
// that --flagfile names). Not validated.
ServerConfig ConfigFromFlags();

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_FLAGS_H_
