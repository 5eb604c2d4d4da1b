// What tests/vectors/clients.json says of all clients, of this one.
#include "tests/client/vectors.h"

#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/api_key.h"
#include "client/retry_loop.h"
#include "client/writer/spool.h"
#include "client/writer/spool_format.h"
#include "common/base/errors.h"
#include "common/base/timestamp.h"
#include "emptychair/client/feedback_id.h"
#include "emptychair/client/position.h"
#include "emptychair/client/retry_policy.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/client/writer/writer_harness.h"
#include "tests/helpers/temp_dir.h"
#include "tests/helpers/times.h"

namespace emptychair {
namespace {

using ::emptychair::testing::At;
using ::emptychair::testing::kHalf;
using ::emptychair::testing::MemberOf;
using ::emptychair::testing::Section;
using ::emptychair::testing::TempDir;
using ::emptychair::testing::TextAt;
using ::emptychair::testing::Vectors;
using ::google::protobuf::ListValue;
using ::google::protobuf::Struct;
using ::google::protobuf::Value;
using ::google::protobuf::util::MessageDifferencer;

bool IsForCpp(const Struct& entry) {
  const ListValue& only = MemberOf(entry, "only").list_value();
  return only.values().empty() ||
         std::any_of(only.values().begin(), only.values().end(),
                     [](const Value& language) { return language.string_value() == "cpp"; });
}

// Text as the file says it; nothing for what no text is.
std::optional<std::string> TextOf(const Value& value) {
  if (value.kind_case() == Value::kStringValue) {
    return absl::StrReplaceAll(value.string_value(), {{kHalf, "\xed\xa0\x80"}});
  }
  const Struct& special = value.struct_value();
  if (TextAt(special, "$") == "repeat") {
    std::string text;
    for (int i = 0; i < static_cast<int>(MemberOf(special, "count").number_value()); ++i) {
      absl::StrAppend(&text, TextAt(special, "text"));
    }
    return text;
  }
  return std::nullopt;
}

// Sets the field as a program would. False for a value that the setter does not take.
bool SetField(const std::string& name, const Value& value, v1::Feedback& feedback) {
  if (TextAt(value.struct_value(), "$") == "absent") {
    return true;
  }
  const auto set_time = [&value](google::protobuf::Timestamp* timestamp) {
    const bool is_time = TextAt(value.struct_value(), "$") == "time";
    if (is_time) {
      *timestamp = ToTimestamp(At(TextAt(value.struct_value(), "value")));
    }
    return is_time;
  };
  const std::optional<std::string> text = TextOf(value);
  if (name == "occur_time") {
    return set_time(feedback.mutable_occur_time());
  }
  if (name == "score") {
    const double score = value.number_value();
    using Limits = std::numeric_limits<int32_t>;
    if (value.kind_case() != Value::kNumberValue || score < Limits::min() ||
        score > Limits::max()) {
      return false;
    }
    feedback.set_score(static_cast<int32_t>(score));
    return score == feedback.score();
  }
  if (name == "labels") {
    bool are_texts = value.kind_case() == Value::kStructValue;
    for (const auto& [key, label] : value.struct_value().fields()) {
      const std::optional<std::string> label_text = TextOf(label);
      are_texts = are_texts && label_text.has_value();
      (*feedback.mutable_labels())[key] = label_text.value_or("");
    }
    return are_texts;
  }
  if (name == "exclusion") {
    v1::Exclusion& exclusion = *feedback.mutable_exclusion();
    bool is_settable = value.kind_case() == Value::kStructValue;
    for (const auto& [key, part] : value.struct_value().fields()) {
      if (key == "reason") {
        v1::ExclusionReason reason = v1::EXCLUSION_REASON_UNSPECIFIED;
        const std::string full = absl::StrCat("EXCLUSION_REASON_", part.string_value());
        if (part.kind_case() == Value::kNumberValue) {
          reason = static_cast<v1::ExclusionReason>(part.number_value());
        } else if (!v1::ExclusionReason_Parse(full, &reason) &&
                   !v1::ExclusionReason_Parse(part.string_value(), &reason)) {
          is_settable = false;
        }
        exclusion.set_reason(reason);
      } else if (key == "time") {
        exclusion.mutable_time()->CopyFrom(ToTimestamp(At(TextAt(part.struct_value(), "value"))));
      } else if (key == "note") {
        exclusion.set_note(TextOf(part).value_or(""));
      } else {
        is_settable = false;
      }
    }
    return is_settable;
  }
  const auto* field = v1::Feedback::descriptor()->FindFieldByName(name);
  if (field == nullptr || !text.has_value()) {
    return false;
  }
  feedback.GetReflection()->SetString(&feedback, field, *text);
  return true;
}

std::optional<v1::Feedback> RecordOf(const Struct& in) {
  v1::Feedback feedback;
  for (const auto& [name, value] : in.fields()) {
    if (!SetField(name, value, feedback)) {
      return std::nullopt;
    }
  }
  return feedback;
}

class VectorsTest : public WriterTest {};

TEST_F(VectorsTest, Records) {
  Start();
  int sent = 0;
  int refused = 0;
  for (const Value& value : Section("records").values()) {
    const Struct& entry = value.struct_value();
    const std::optional<v1::Feedback> record = RecordOf(MemberOf(entry, "in").struct_value());
    if (!IsForCpp(entry) || !record.has_value()) {
      continue;
    }
    SCOPED_TRACE(TextAt(entry, "name"));
    const absl::Status added = writer_->Add(*record, {});
    const Struct& error = MemberOf(entry, "error").struct_value();
    if (error.fields().empty()) {
      ++sent;
      ASSERT_OK(added);
      ASSERT_OK(writer_->Flush(kLong));
      // Before them stand tag and length.
      const std::string bytes = server_.batches().back();
      v1::StreamFeedbackRequest batch;
      ASSERT_TRUE(batch.ParseFromString(bytes));
      const std::string wanted = absl::HexStringToBytes(TextAt(entry, "bytes"));
      v1::Feedback wanted_record;
      ASSERT_TRUE(wanted_record.ParseFromString(wanted));
      EXPECT_TRUE(MessageDifferencer::Equals(batch.feedback(0), wanted_record))
          << batch.feedback(0).ShortDebugString();
      EXPECT_TRUE(absl::EndsWith(bytes, wanted) || record->labels().size() > 1);
      continue;
    }
    ++refused;
    const std::vector<std::string> fields = FieldsOf(added);
    ASSERT_EQ(fields.size(), 1u) << added;
    EXPECT_EQ(fields[0], TextAt(error, "field"));
    EXPECT_EQ(ReasonNameOf(added), TextAt(error, "reason"));
  }
  EXPECT_GE(sent, 17);
  EXPECT_GE(refused, 28);
}

TEST_F(VectorsTest, Ids) {
  for (const Value& entry : Section("ids").values()) {
    const std::string id = NewFeedbackId(At(TextAt(entry.struct_value(), "time")));
    EXPECT_EQ(absl::StrReplaceAll(id.substr(0, 13), {{"-", ""}}),
              TextAt(entry.struct_value(), "digits"));
  }
}

TEST_F(VectorsTest, MadeIds) {
  for (const Value& value : Section("made_ids").values()) {
    const Struct& entry = value.struct_value();
    SCOPED_TRACE(TextAt(entry, "name"));
    options_.now = [&entry] { return At(TextAt(entry, "now")); };
    Start();
    ASSERT_OK(writer_->Add(*RecordOf(MemberOf(entry, "in").struct_value()), {}));
    ASSERT_OK(writer_->Flush(kLong));
    v1::StreamFeedbackRequest batch;
    ASSERT_TRUE(batch.ParseFromString(server_.batches().back()));
    const v1::Feedback& sent = batch.feedback(0);
    EXPECT_EQ(absl::StrReplaceAll(sent.feedback_id().substr(0, 13), {{"-", ""}}),
              TextAt(entry, "digits"));
    EXPECT_EQ(sent.has_occur_time(), !TextAt(entry, "occur_time").empty());
    if (sent.has_occur_time()) {
      EXPECT_EQ(FromTimestamp(sent.occur_time()), At(TextAt(entry, "occur_time")));
    }
  }
}

TEST_F(VectorsTest, Errors) {
  for (const Value& value : Section("errors").values()) {
    const Struct& entry = value.struct_value();
    SCOPED_TRACE(TextAt(entry, "name"));
    std::string bytes;
    ASSERT_TRUE(absl::Base64Unescape(TextAt(entry, "bytes"), &bytes));
    google::rpc::Status proto;
    ASSERT_TRUE(proto.ParseFromString(bytes));
    const absl::Status status = FromProto(proto);
    EXPECT_EQ(absl::StatusCodeToString(status.code()), TextAt(entry, "code"));
    EXPECT_EQ(status.message(), TextAt(entry, "message"));
    EXPECT_EQ(ReasonNameOf(status), TextAt(entry, "reason"));
    std::map<std::string, std::string> metadata;
    for (const auto& [key, text] : MemberOf(entry, "metadata").struct_value().fields()) {
      metadata[key] = text.string_value();
    }
    EXPECT_EQ(MetadataOf(status), metadata);
    std::vector<std::string> fields;
    for (const Value& violation : MemberOf(entry, "field_violations").list_value().values()) {
      fields.push_back(TextAt(violation.struct_value(), "field"));
    }
    EXPECT_EQ(FieldsOf(status), fields);
    const Value& delay = MemberOf(entry, "retry_delay_ms");
    EXPECT_EQ(RetryDelayOf(status).has_value(), delay.kind_case() == Value::kNumberValue);
    EXPECT_EQ(RetryDelayOf(status).value_or(absl::ZeroDuration()),
              absl::Milliseconds(delay.number_value()));
    EXPECT_EQ(IsRetryable(status), MemberOf(entry, "retryable").bool_value());
  }
}

// A status of the code that has this name.
absl::Status StatusOf(const std::string& code, std::optional<absl::Duration> delay = {}) {
  for (int number = 1; number <= 16; ++number) {
    const absl::Status status(static_cast<absl::StatusCode>(number), "");
    if (absl::StatusCodeToString(status.code()) == code) {
      return delay.has_value() && absl::IsResourceExhausted(status)
                 ? RetryableError(v1::ERROR_REASON_QUEUE_FULL, "", *delay)
             : delay.has_value() ? RetryableError(v1::ERROR_REASON_SHUTTING_DOWN, "", *delay)
                                 : status;
    }
  }
  ADD_FAILURE() << code;
  return absl::OkStatus();
}

TEST_F(VectorsTest, Waits) {
  for (const Value& value : Section("waits").values()) {
    const Struct& entry = value.struct_value();
    SCOPED_TRACE(TextAt(entry, "name"));
    const ListValue& failures = MemberOf(entry, "failures").list_value();
    int attempts = 0;
    absl::Time now;
    std::vector<absl::Duration> waits;
    std::string key = "eck_old";
    ClientOptions options;
    options.timeout = absl::Milliseconds(MemberOf(entry, "timeout_ms").number_value());
    options.now = [&now] { return now; };
    options.sleep = [&](absl::Duration wait) {
      if (wait > absl::ZeroDuration()) {  // To sleep for 0 or not to sleep is the same.
        waits.push_back(wait);
      }
      now += wait;
    };
    options.api_key_source = [&key] { return key; };
    options.backoff_policy = std::make_shared<ExponentialBackoffPolicy>(
        absl::Milliseconds(100), absl::Seconds(2), 2, [&] {
          return MemberOf(failures.values(attempts - 1).struct_value(), "jitter").number_value();
        });
    ASSERT_OK_AND_ASSIGN(std::shared_ptr<ApiKey> api_key, ApiKey::Read(options));
    CallKey call_key(std::move(api_key));
    const absl::StatusOr<int> outcome = RetryLoop<int>(
        options, Idempotency::kIdempotent,
        [&](absl::Duration) -> absl::StatusOr<int> {
          call_key.Authorization();
          if (attempts == failures.values_size()) {
            return 0;
          }
          if (MemberOf(entry, "key_is_renewed").bool_value()) {
            key = "eck_new";
          }
          const Struct& failure = failures.values(attempts++).struct_value();
          const Value& delay = MemberOf(failure, "retry_delay_ms");
          return StatusOf(TextAt(failure, "code"),
                          delay.kind_case() == Value::kNumberValue
                              ? std::optional(absl::Milliseconds(delay.number_value()))
                              : std::nullopt);
        },
        &call_key);
    std::vector<absl::Duration> wanted;
    for (const Value& wait : MemberOf(entry, "waits_ms").list_value().values()) {
      if (wait.number_value() > 0) {
        wanted.push_back(absl::Milliseconds(wait.number_value()));
      }
    }
    EXPECT_EQ(waits, wanted);
    EXPECT_EQ(outcome.ok() ? "success" : "error", TextAt(entry, "outcome"));
  }
}

TEST_F(VectorsTest, SpoolTails) {
  const Struct& spool = MemberOf(Vectors(), "spool").struct_value();
  const Struct& one = MemberOf(spool, "one_record").struct_value();
  for (const Value& value : MemberOf(spool, "tails").list_value().values()) {
    const Struct& entry = value.struct_value();
    SCOPED_TRACE(TextAt(entry, "name"));
    const TempDir folder;
    const std::string path = folder.Join(TextAt(one, "name"));
    std::ofstream(path, std::ios::binary)
        << absl::HexStringToBytes(TextAt(one, "bytes") + TextAt(entry, "tail"));
    const SpoolOptions options{.directory = folder.path()};
    absl::StatusOr<std::unique_ptr<::emptychair::Spool>> opened =
        ::emptychair::Spool::Open(options, WriterClock::System());
    EXPECT_EQ(opened.ok(), TextAt(entry, "error").empty());
    if (!opened.ok()) {
      EXPECT_EQ(absl::StatusCodeToString(opened.status().code()), TextAt(entry, "error"));
      EXPECT_TRUE(std::filesystem::exists(path + ".bad"));
      opened = ::emptychair::Spool::Open(options, WriterClock::System());
      ASSERT_OK(opened.status());
    }
    EXPECT_EQ((*opened)->found_records(), MemberOf(entry, "records").number_value());
    EXPECT_EQ((*opened)->torn_records(), MemberOf(entry, "torn").number_value());
  }
}

TEST_F(VectorsTest, Positions) {
  for (const Value& value : Section("positions").values()) {
    const Struct& entry = value.struct_value();
    SCOPED_TRACE(TextAt(entry, "text"));
    const absl::StatusOr<Position> position = ParsePosition(TextAt(entry, "text"));
    ASSERT_EQ(position.ok(), MemberOf(entry, "error").kind_case() == Value::KIND_NOT_SET);
    if (position.ok()) {
      EXPECT_EQ(position->store_id, TextAt(entry, "store_id"));
      EXPECT_EQ(position->epoch, TextAt(entry, "epoch"));
      EXPECT_EQ(absl::StrCat(position->sequence), TextAt(entry, "sequence"));
    } else {
      EXPECT_EQ(ReasonNameOf(position.status()), "FIELD_INVALID");
    }
  }
}

TEST_F(VectorsTest, Spool) {
  const Struct& spool = MemberOf(Vectors(), "spool").struct_value();
  for (const std::string name : {"one_record", "three_records"}) {
    const Struct& file = MemberOf(spool, name).struct_value();
    std::string bytes(kSpoolMagic);
    std::vector<double> ends;
    for (const Value& in : MemberOf(file, "records").list_value().values()) {
      const std::string record = RecordOf(in.struct_value())->SerializeAsString();
      const auto head = SpoolHead(record);
      absl::StrAppend(&bytes, absl::string_view(head.data(), head.size()), record);
      ends.push_back(static_cast<double>(bytes.size()));
    }
    EXPECT_EQ(absl::BytesToHexString(bytes), TextAt(file, "bytes"));
    EXPECT_EQ(SpoolFileName(0), TextAt(file, "name"));
    for (int i = 0; i < MemberOf(file, "record_ends").list_value().values_size(); ++i) {
      EXPECT_EQ(MemberOf(file, "record_ends").list_value().values(i).number_value(),
                ends[static_cast<size_t>(i)]);
    }
    // What another client has written is read, up to the end of its last whole record.
    for (size_t cut = kSpoolMagic.size(); cut <= bytes.size(); ++cut) {
      const TempDir folder;
      std::ofstream(folder.Join(TextAt(file, "name")), std::ios::binary) << bytes.substr(0, cut);
      ASSERT_OK_AND_ASSIGN(
          const std::unique_ptr<::emptychair::Spool> opened,
          ::emptychair::Spool::Open({.directory = folder.path()}, WriterClock::System()));
      EXPECT_EQ(opened->found_records(), std::count_if(ends.begin(), ends.end(), [&](double end) {
                  return end <= static_cast<double>(cut);
                }));
    }
  }
  for (const Value& value : MemberOf(spool, "acked").list_value().values()) {
    uint64_t number = 0;
    ASSERT_TRUE(absl::SimpleAtoi(TextAt(value.struct_value(), "number"), &number));
    EXPECT_EQ(absl::BytesToHexString(EncodeAcked(number)), TextAt(value.struct_value(), "bytes"));
    EXPECT_EQ(DecodeAcked(EncodeAcked(number)), number);
  }
}

}  // namespace
}  // namespace emptychair
