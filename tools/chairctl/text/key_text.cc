#include "tools/chairctl/text/key_text.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/written_time.h"

namespace emptychair {
namespace {

std::string SurveysText(const v1::Key& key) {
  return key.all_surveys() ? "all" : absl::StrJoin(key.survey_ids(), ", ");
}

std::string UtcText(bool present, const google::protobuf::Timestamp& time) {
  return LocalTimeText(present, time, absl::UTCTimeZone());
}

CsvNumber Number(int64_t number) { return CsvNumber{absl::StrCat(number)}; }

TextFields CsvFields(const v1::Key& key) {
  return {{"key_id", key.key_id()},
          {"name", key.name()},
          {"role", EnumFlagOrEmpty(key.role())},
          {"all_surveys", key.all_surveys() ? "true" : "false"},
          {"survey_ids", absl::StrJoin(key.survey_ids(), " ")},
          {"expire_time", TimestampText(key.has_expire_time(), key.expire_time())},
          {"certificate_san", key.certificate_san()},
          {"calls_per_second", Number(key.limits().calls_per_second())},
          {"records_per_second", Number(key.limits().records_per_second())},
          {"records_per_day", Number(key.limits().records_per_day())},
          {"create_time", TimestampText(key.has_create_time(), key.create_time())},
          {"revoke_time", TimestampText(key.has_revoke_time(), key.revoke_time())},
          {"last_use_day", key.last_use_day()},
          {"creator", key.creator()},
          {"former_text_expire_time",
           TimestampText(key.has_former_text_expire_time(), key.former_text_expire_time())},
          {"etag", key.etag()}};
}

void AddTime(TextFields& fields, const char* name, bool present,
             const google::protobuf::Timestamp& time) {
  if (present) {
    fields.emplace_back(name, UtcText(present, time));
  }
}

void AddLimit(TextFields& fields, const char* name, int64_t limit) {
  if (limit != 0) {
    fields.emplace_back(name, absl::StrCat(limit));
  }
}

TextFields TableFields(const v1::Key& key) {
  TextFields fields = {{"key", key.key_id()},
                       {"name", key.name()},
                       {"role", EnumFlagOrEmpty(key.role())},
                       {"surveys", SurveysText(key)}};
  if (!key.certificate_san().empty()) {
    fields.emplace_back("certificate", key.certificate_san());
  }
  AddLimit(fields, "calls per second", key.limits().calls_per_second());
  AddLimit(fields, "records per second", key.limits().records_per_second());
  AddLimit(fields, "records per day", key.limits().records_per_day());
  AddTime(fields, "created", key.has_create_time(), key.create_time());
  if (!key.creator().empty()) {
    fields.emplace_back("created by", key.creator());
  }
  fields.emplace_back("last used", key.last_use_day().empty() ? "never" : key.last_use_day());
  fields.emplace_back("expires", key.has_expire_time()
                                     ? UtcText(key.has_expire_time(), key.expire_time())
                                     : "never");
  AddTime(fields, "old text until", key.has_former_text_expire_time(),
          key.former_text_expire_time());
  AddTime(fields, "revoked", key.has_revoke_time(), key.revoke_time());
  return fields;
}

}  // namespace

TextFields KeyFields(const v1::Key& key, OutputFormat format) {
  return format == OutputFormat::kCsv ? CsvFields(key) : TableFields(key);
}

void PrintKeysTable(const std::vector<v1::Key>& keys, bool shows_revoked, std::ostream& out) {
  Table table;
  for (const char* heading : {"key", "name", "role", "surveys", "last used", "expires"}) {
    table.AddColumn(heading, Table::Align::kLeft);
  }
  if (shows_revoked) {
    table.AddColumn("revoked", Table::Align::kLeft);
  }
  table.AddColumn("certificate", Table::Align::kLeft);
  for (const v1::Key& key : keys) {
    std::vector<std::string> cells = {
        key.key_id(),
        key.name(),
        EnumFlagOrEmpty(key.role()),
        SurveysText(key),
        key.last_use_day().empty() ? std::string(kAbsent) : key.last_use_day(),
        UtcText(key.has_expire_time(), key.expire_time())};
    if (shows_revoked) {
      cells.push_back(UtcText(key.has_revoke_time(), key.revoke_time()));
    }
    cells.push_back(key.certificate_san().empty() ? std::string(kAbsent) : key.certificate_san());
    table.AddRow(std::move(cells));
  }
  table.Print(out);
}

void PrintKeysCsv(const std::vector<v1::Key>& keys, CsvWriter& csv) {
  WriteNames(CsvFields(v1::Key()), csv);
  for (const v1::Key& key : keys) {
    WriteValues(CsvFields(key), csv);
  }
}

TextFields CallerFields(const v1::GetCallerResponse& caller) {
  const v1::Key& key = caller.key();
  std::vector<std::string> permissions;
  for (int i = 0; i < caller.permissions_size(); ++i) {
    permissions.push_back(EnumFlag(caller.permissions(i)));
  }
  const bool has_key = caller.has_key();
  return {{"caller", EnumFlag(caller.kind())},
          {"key_id", key.key_id()},
          {"name", key.name()},
          {"role", caller.role() == v1::ROLE_UNSPECIFIED ? "none" : EnumFlag(caller.role())},
          {"surveys", has_key ? SurveysText(key) : "all"},
          {"expires", has_key && key.has_expire_time() ? UtcText(true, key.expire_time()) : ""},
          {"permissions", absl::StrJoin(permissions, ", ")}};
}

}  // namespace emptychair
