// The connection to a server, as the options say.
#ifndef EMPTYCHAIR_CLIENT_CHANNEL_H_
#define EMPTYCHAIR_CLIENT_CHANNEL_H_

#include <grpcpp/channel.h>

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "emptychair/client/options.h"

namespace emptychair {

// Refuses what cannot work, and a key that would go to another machine in plain text.
// FIELD_INVALID or FIELD_REQUIRED names the option. Reads no file.
absl::Status CheckOptions(const ClientOptions& options);

// As many as the options say, each with a connection of its own. Reads the files of the
// credentials. Does not connect yet. FIELD_INVALID names the option, for example
// `credentials.ca_file`, and the file.
absl::StatusOr<std::vector<std::shared_ptr<grpc::Channel>>> MakeChannels(
    const ClientOptions& options);

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_CHANNEL_H_
