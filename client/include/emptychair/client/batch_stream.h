// Many batches of records, sent one after the other without waiting for each.
#ifndef EMPTYCHAIR_CLIENT_BATCH_STREAM_H_
#define EMPTYCHAIR_CLIENT_BATCH_STREAM_H_

#include <functional>
#include <stop_token>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "emptychair/client/encoded_batch.h"
#include "emptychair/v1/customer_service.pb.h"
#include "emptychair/v1/feedback_service.pb.h"

namespace emptychair {

struct StreamOptions {
  // Once it is requested, on whatever thread, what waits ends with CANCELLED, and so does the
  // stream.
  std::stop_token stop;

  // Whether batches that are not acknowledged are sent again when the connection breaks, as the
  // client's policies say. Without that the first error ends the stream: for those who send again
  // themselves.
  bool resends = true;
};

// An upload of answers or of activities. For one thread.
//
//   std::unique_ptr<FeedbackStream> stream =
//       client.StreamFeedback([](const auto& batch, const auto& acknowledgement) { ... });
//   while (...) RETURN_IF_ERROR(stream->Send(std::move(batch)));
//   RETURN_IF_ERROR(stream->Finish());
//
// Batches that are not acknowledged are kept, a few at a time, and sent again when the connection
// breaks or the server stops, as the client's policies say: no record is stored twice, but one may
// then be answered as having existed. The policies and the timeout start anew with each
// acknowledgement.
template <typename Request, typename Response>
class BatchStream {
 public:
  // Called for each batch in the order sent, on the thread that calls the stream, once the batch is
  // durable. The acknowledgement has the records that were refused.
  using OnAcknowledged = std::function<void(const Request& batch, const Response& acknowledgement)>;

  // Gives up what is not acknowledged.
  virtual ~BatchStream() = default;

  // Sends a batch: up to 10,000 records, together at most 4 MiB. Its number is counted from 1 by
  // the stream. Waits while several batches are unacknowledged: a server with enough to do makes
  // the caller wait here. FIELD_INVALID when a string is not UTF-8, and the batch is not sent.
  // After any other error the stream is over, and each call answers with that.
  virtual absl::Status Send(Request batch) = 0;

  // Waits until a batch is acknowledged, `timeout` at most. OK when that is over first, too, and at
  // once when all is acknowledged. Errors as for Finish.
  virtual absl::Status AwaitAcknowledgement(absl::Duration timeout) = 0;

  // The batches that Send was given and that were not acknowledged, in their order; whether they
  // are stored is not known. The last call, after an error or to leave off.
  virtual std::vector<Request> TakeUnacknowledged() = 0;

  // Waits until all is acknowledged, and ends the stream. Errors as for Send: then some of what was
  // sent is not known to be stored.
  virtual absl::Status Finish() = 0;
};

using FeedbackStream = BatchStream<v1::StreamFeedbackRequest, v1::StreamFeedbackResponse>;
using EncodedFeedbackStream = BatchStream<EncodedFeedbackBatch, v1::StreamFeedbackResponse>;
using ActivityStream = BatchStream<v1::StreamActivitiesRequest, v1::StreamActivitiesResponse>;

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_BATCH_STREAM_H_
