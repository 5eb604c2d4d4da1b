#include "storage/apply/sent_content.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "storage/format/hashed_field.h"

namespace emptychair::storage {
namespace {

// Bytes that the hash is made of, but for the comment.
constexpr size_t kContentTextUsual = 512;

bool HasLabel(const store::v1::StoredFeedback& body, absl::string_view key) {
  return std::any_of(body.labels().begin(), body.labels().end(),
                     [&](const store::v1::StoredLabel& label) { return label.key() == key; });
}

// Whether the labels are those that were sent, with or without those that were filled in.
bool AreLabelsOf(const store::v1::StoredSurvey& survey, const store::v1::StoredFeedback& sent,
                 const store::v1::StoredFeedback& stored) {
  if (stored.filled_dimensions() == 0 || SameLabels(sent.labels(), stored.labels())) {
    return SameLabels(sent.labels(), stored.labels());
  }
  store::v1::StoredFeedback without = stored;
  for (int place = 0; place < survey.dimensions_size(); ++place) {
    if (HasLabel(sent, survey.dimensions(place))) {
      without.set_filled_dimensions(without.filled_dimensions() & ~(1u << place));
    }
  }
  RemoveFilledLabels(survey, without);
  return SameLabels(sent.labels(), without.labels());
}

bool IsHashOf(const std::string& bytes, const IdHash& hash) {
  return bytes.size() == hash.size() && std::memcmp(bytes.data(), hash.data(), hash.size()) == 0;
}

}  // namespace

std::optional<int32_t> ScoreOf(const store::v1::Submission& submission) {
  return submission.has_score() ? std::optional(submission.score()) : std::nullopt;
}

bool SameLabels(const google::protobuf::RepeatedPtrField<store::v1::StoredLabel>& a,
                const google::protobuf::RepeatedPtrField<store::v1::StoredLabel>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const store::v1::StoredLabel& x, const store::v1::StoredLabel& y) {
                      return x.key() == y.key() && x.value() == y.value();
                    });
}

void RemoveFilledLabels(const store::v1::StoredSurvey& survey, store::v1::StoredFeedback& body) {
  auto& labels = *body.mutable_labels();
  labels.erase(std::remove_if(labels.begin(), labels.end(),
                              [&](const store::v1::StoredLabel& label) {
                                const auto place =
                                    std::find(survey.dimensions().begin(),
                                              survey.dimensions().end(), label.key()) -
                                    survey.dimensions().begin();
                                return place < survey.dimensions_size() &&
                                       (body.filled_dimensions() >> place & 1) != 0;
                              }),
               labels.end());
  body.clear_filled_dimensions();
}

IdHash HashOfContent(const KeyedHash& hash, absl::string_view customer_id,
                     std::optional<int32_t> score, const store::v1::StoredFeedback& body) {
  std::string text;
  text.reserve(kContentTextUsual + body.comment().size());
  AppendHashedField(text, customer_id);
  AppendHashedField(text, score.has_value() ? absl::StrCat(*score) : "");
  AppendHashedField(text, body.comment());
  for (const store::v1::StoredLabel& label : body.labels()) {
    AppendHashedField(text, label.key());
    AppendHashedField(text, label.value());
  }
  return hash(HashPurpose::kContent, text);
}

std::string DifferingFields(const KeyedHash& hash, const store::v1::StoredSurvey& survey,
                            const store::v1::Submission& submission,
                            std::optional<uint32_t> customer_ordinal,
                            const FeedbackRecord& record) {
  std::vector<absl::string_view> fields;
  const store::v1::StoredFeedback& sent = submission.body();
  const std::optional<Uuid> sent_id = Uuid::FromBytes(submission.feedback_id());
  if (submission.id_was_sent() && sent_id != record.feedback_id) {
    fields.push_back("feedback_id");
  } else if (submission.time_was_sent() &&
             (!sent_id.has_value() || sent_id->UnixMs() != record.feedback_id.UnixMs())) {
    fields.push_back("occur_time");
  }
  if (!sent.external_id().empty() && sent.external_id() != record.body.external_id()) {
    fields.push_back("external_id");
  }
  if (!record.body.first_content().empty()) {
    if (!IsHashOf(record.body.first_content(),
                  HashOfContent(hash, submission.customer_id(), ScoreOf(submission), sent))) {
      fields.push_back("content");
    }
    return absl::StrJoin(fields, ", ");
  }
  if (customer_ordinal != record.header.customer_ordinal) {
    fields.push_back("customer_id");
  }
  if (ScoreOf(submission) != record.header.score) {
    fields.push_back("score");
  }
  if (sent.comment() != record.body.comment()) {
    fields.push_back("comment");
  }
  if (!AreLabelsOf(survey, sent, record.body)) {
    fields.push_back("labels");
  }
  return absl::StrJoin(fields, ", ");
}

}  // namespace emptychair::storage
