// Tells addresses of this machine from those that others can reach.
#ifndef EMPTYCHAIR_COMMON_BASE_LOOPBACK_H_
#define EMPTYCHAIR_COMMON_BASE_LOOPBACK_H_

#include <string>

namespace emptychair {

// Returns whether `host`, an address without brackets or a name, is loopback: 127.0.0.0/8, ::1, the
// first as IPv6, or `localhost` in any case. No name is looked up.
bool IsLoopback(const std::string& host);

}  // namespace emptychair

#endif  // EMPTYCHAIR_COMMON_BASE_LOOPBACK_H_
