// Sends records in batches, many under way at a time, and tells the fate of each.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_RECORD_SENDER_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_RECORD_SENDER_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "emptychair/client/client.h"
#include "emptychair/client/options.h"
#include "tools/chairctl/import/import_record.h"

namespace emptychair {

// How long an import waits for a server that is away, unless the user has given a timeout.
inline constexpr absl::Duration kImportPatience = absl::Seconds(150);

// Tells, once for each time that the server is away, that it is waited for. Not thread-safe.
class OutageNotice {
 public:
  explicit OutageNotice(std::function<void(const absl::Status&)> say) : say_(std::move(say)) {}

  void OnFailure(const absl::Status& status);
  // The server has answered.
  void OnAnswer() { was_said_ = false; }

 private:
  const std::function<void(const absl::Status&)> say_;
  bool was_said_ = false;
};

// `options` of a client that waits for a server which is away or has too much to do, up to its
// timeout, and tells `notice`, which must outlive it.
ClientOptions PatientOptions(ClientOptions options, OutageNotice& notice);

// Gathers records up to a number and a size, and streams the batches. Not thread-safe.
class RecordSender {
 public:
  // The most bytes of a batch, so that those under way stay below 10 MB, and of a record.
  static constexpr size_t kBatchBytesMax = 1'000'000;

  // Called for each record in the order in which they were added, once its fate is known: OK and
  // whether the same was stored before, or why it was refused.
  using OnSettled = std::function<void(ImportRecordView record, const absl::Status& status,
                                       bool already_existed)>;

  virtual ~RecordSender() = default;

  // Adds a record of at most kBatchBytesMax bytes. Sends the batch that is full, and waits while
  // too many are under way. Not OK: the service has failed, and what is not settled by then is not
  // known to be stored.
  virtual absl::Status Add(ImportRecord record) = 0;

  // Sends what was added, and waits until all is settled. Errors as for `Add`.
  virtual absl::Status Settle() = 0;
};

// What a sender needs to know.
struct SenderOptions {
  std::string import_id;
  int batch_size = 0;
  RecordSender::OnSettled on_settled;
};

// Senders of each type of record. `client` must outlive the sender. `before` is called before each
// activity is added, and ends the import when it is not OK.
std::unique_ptr<RecordSender> MakeFeedbackSender(const Client& client, SenderOptions options);
std::unique_ptr<RecordSender> MakeActivitySender(
    const Client& client, SenderOptions options,
    std::function<absl::Status(const v1::Activity& activity)> before);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_RECORD_SENDER_H_
