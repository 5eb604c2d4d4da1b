// Ids for records whose caller has none of its own.
#ifndef EMPTYCHAIR_CLIENT_FEEDBACK_ID_H_
#define EMPTYCHAIR_CLIENT_FEEDBACK_ID_H_

#include <string>

#include "absl/time/time.h"

namespace emptychair {

// A new `feedback_id`: a UUIDv7 (RFC 9562, section 5.7) of 36 lower-case characters, whose time is
// `occur_time` cut to milliseconds and whose other 74 bits are random. Keep it with the record and
// send it again with every retry. `occur_time` is from 1970 to the year 10889; a time outside
// reads as the nearer end. Thread-safe.
std::string NewFeedbackId(absl::Time occur_time);

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_FEEDBACK_ID_H_
