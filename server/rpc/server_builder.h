// What holds for every server this project starts: limits, compression, ports.
#ifndef EMPTYCHAIR_SERVER_RPC_SERVER_BUILDER_H_
#define EMPTYCHAIR_SERVER_RPC_SERVER_BUILDER_H_

#include <cstddef>
#include <cstdint>

#include "grpcpp/server_builder.h"

namespace emptychair {

// The largest request that is read, in bytes. Larger than a batch may be, so that a batch somewhat
// too large gets an answer that says so.
inline constexpr int kRequestBytesMax = 5 * 1024 * 1024;

// Calls that one connection may have open; more wait in the client.
inline constexpr int kCallsPerConnectionMax = 1'024;

// What the metadata of a request may take, in bytes: of each entry the name, the value, and 32
// more. gRPC refuses more before the call gets anywhere, with RESOURCE_EXHAUSTED, and closes the
// connection.
inline constexpr int kMetadataBytesMax = 8 * 1024;

// Sets on `builder`, before its services and ports:
// * requests of at most `kRequestBytesMax`, and at most `memory_bytes` for what is being received;
// * metadata of at most `kMetadataBytesMax`;
// * no compression: a compressed request is refused with UNIMPLEMENTED, because a small one can
//   unpack to any size;
// * a port that is taken is an error, not shared;
// * a connection whose client is gone is closed within two minutes, and so is one that keeps
//   pinging more often than every ten seconds; one that does not finish its handshake after ten
//   seconds, one without a call after half an hour, any after a day once its calls have had an hour
//   to end.
void ConfigureServer(grpc::ServerBuilder& builder, int64_t memory_bytes);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_RPC_SERVER_BUILDER_H_
