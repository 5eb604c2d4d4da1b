// Answers batches, of feedback and of activities.
#ifndef EMPTYCHAIR_SERVER_SERVICES_BATCH_H_
#define EMPTYCHAIR_SERVER_SERVICES_BATCH_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/base/errors.h"
#include "emptychair/v1/batch.pb.h"
#include "server/access/permits.h"
#include "server/api/method_spec.h"
#include "server/request/validation.h"
#include "storage/state/command_result.h"
#include "storage/store.h"

namespace emptychair {

// A record of a batch that was refused before the store was asked.
struct BatchRefusal {
  int32_t index = 0;
  absl::Status status;
};

// The bounds of a batch whose records are in this field.
constexpr BatchLimits BatchLimitsOf(int field_number) {
  return {
      .field_number = field_number, .elements_max = kBatchRecordsMax, .bytes_max = kBatchBytesMax};
}

// What of a batch goes to the store: the positions in the request of its records, and the others.
struct CheckedBatch {
  std::vector<int32_t> indexes;
  std::vector<BatchRefusal> refusals;
};

// Prepares each record of a batch into a new element of `prepared`; `prepare` is an
// absl::Status(const Record&, Prepared&).
template <typename Record, typename Prepared, typename Prepare>
CheckedBatch PrepareBatch(const google::protobuf::RepeatedPtrField<Record>& records,
                          google::protobuf::RepeatedPtrField<Prepared>& prepared, Prepare prepare) {
  CheckedBatch batch;
  prepared.Reserve(records.size());
  batch.indexes.reserve(records.size());
  for (int32_t i = 0; i < records.size(); ++i) {
    absl::Status status = prepare(records[i], *prepared.Add());
    if (status.ok()) {
      batch.indexes.push_back(i);
    } else {
      prepared.RemoveLast();
      batch.refusals.push_back({i, std::move(status)});
    }
  }
  return batch;
}

// Counts the records that were refused because of what is stored under their ids; as the errors of
// calls are counted.
void CountDamage(const storage::CommandResult& result, const storage::Store& store);

// The failures as they are answered: past the first hundred one has code and reason alone, which
// bounds the size of an answer.
void FillFailures(std::vector<BatchRefusal> failures,
                  google::protobuf::RepeatedPtrField<v1::BatchFailure>& answered);

// Merges what was refused before the store was asked with what the store made of the rest, as the
// caller may hear it.
template <typename Response>
void WriteBatch(const Caller& caller, const storage::CommandResult& result, CheckedBatch batch,
                Response& response) {
  using Kind = storage::SubmissionOutcome::Kind;
  int32_t accepted = 0;
  for (size_t i = 0; i < result.outcomes.size(); ++i) {
    switch (result.outcomes[i].kind) {
      case Kind::kAccepted:
        ++accepted;
        break;
      case Kind::kAlreadyExisted:
        response.add_already_existed_indexes(batch.indexes[i]);
        break;
      case Kind::kRefused:
        batch.refusals.push_back({batch.indexes[i], AsToldTo(caller, result.outcomes[i].error)});
        break;
    }
  }
  FillFailures(std::move(batch.refusals), *response.mutable_failures());
  response.set_accepted_count(accepted);
  response.set_already_existed_count(response.already_existed_indexes_size());
  response.set_sequence(static_cast<int64_t>(result.sequence));
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_BATCH_H_
