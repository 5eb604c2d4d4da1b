// The command line of emptychaird.
#ifndef EMPTYCHAIR_SERVER_FLAGS_H_
#define EMPTYCHAIR_SERVER_FLAGS_H_

#include "server/config.h"

namespace emptychair {

// What the flags say, once absl::ParseCommandLine has read them (and the files that --flagfile
// names). Not validated.
ServerConfig ConfigFromFlags();

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_FLAGS_H_
