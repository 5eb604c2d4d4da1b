// Pages of records: what one takes, and where the next goes on.
#ifndef EMPTYCHAIR_SERVER_FEEDBACK_RECORD_PAGE_H_
#define EMPTYCHAIR_SERVER_FEEDBACK_RECORD_PAGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "server/customers/customer_names.h"
#include "storage/read/records.h"
#include "storage/read/view.h"
#include "storage/store.h"

namespace emptychair {

// A record's position as page tokens carry it.
std::string EncodePosition(const storage::RecordPosition& position);
// Nothing for bytes of a first page; others come from a token whose binding was checked.
std::optional<storage::RecordPosition> DecodePosition(absl::string_view bytes);

// Measures one page. What it is given must outlive it. Not thread-safe.
//
// A page ends when it has `page_size` records or a mebibyte, or when 20,000 records were looked at:
// a call stays short whatever it asks for, and its answer within what clients accept.
class RecordPage {
 public:
  RecordPage(const storage::Store& store, const storage::View& view, int32_t page_size)
      : store_(store), view_(view), page_size_(page_size) {}

  bool IsFull() const;

  // Counts a record that was looked at.
  void CountLookedAt() { ++looked_at_; }
  // The same for one in the order of the list; the next page goes on behind the last of these.
  void LookAt(const storage::RecordPosition& position);
  const storage::RecordPosition& last() const { return last_; }

  // Counts a record that was taken without being made part of an answer.
  void CountTaken() { ++counted_; }

  // Spares looking up the id of a customer.
  void KnowCustomer(uint32_t ordinal, std::string customer_id);

  // Reads all of the record but its customer's id into `record`, which can have been used before.
  // False for one that cannot be decoded, which is counted.
  bool Decode(const storage::ScannedRecord& scanned, const storage::SurveyView& survey,
              storage::FeedbackRecord& record) const;

  // Makes the record part of the page: fills in `feedback`, which is empty and stays where it is,
  // but for its customer's id.
  void Take(const storage::ScannedRecord& scanned, const storage::FeedbackRecord& record,
            const storage::SurveyView& survey, v1::Feedback& feedback);

  // Fills in the customers' ids of all that was taken, together: they are the dearest part of a
  // page. Answers the records whose customer cannot be decoded; each is counted, and to be left
  // out.
  absl::flat_hash_set<const v1::Feedback*> FillCustomers(CustomerNames& names);

 private:
  struct Taken {
    v1::Feedback* feedback;
    uint32_t customer_ordinal;
  };

  const storage::Store& store_;
  const storage::View& view_;
  const int32_t page_size_;
  absl::flat_hash_map<uint32_t, std::string> customer_ids_;
  storage::RecordPosition last_;
  std::vector<Taken> taken_;
  size_t counted_ = 0;
  int64_t looked_at_ = 0;
  size_t bytes_ = 0;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_FEEDBACK_RECORD_PAGE_H_
