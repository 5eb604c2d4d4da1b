#include "tools/chairctl/targets/feedback_target.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/targets/earlier_import.h"
#include "tools/chairctl/targets/feedback_builder.h"
#include "tools/chairctl/targets/record_updater.h"

namespace emptychair {
namespace {

// A feed has a row for each change: the answer as it is now, again and again, erased ones too.
absl::Status CheckIsNoFeed(const std::vector<std::string>& names) {
  const auto has = [&names](absl::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  return has("change") && has("kind")
             ? FieldError(v1::ERROR_REASON_FIELD_INVALID, "file",
                          "has changes, as feedback export --since writes them, and no list of "
                          "answers; wanted an export without --since")
             : absl::OkStatus();
}

absl::Status CheckScore(const ImportRules& rules, const v1::Survey& survey, const Columns& columns,
                        const std::vector<std::string>& names) {
  const bool has_score = columns.Has(RecordField::kScore);
  if (rules.no_score && has_score) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "--no-score",
                      "says that the file has no scores, and a column is read as score");
  }
  if (!rules.no_score && !has_score && survey.kind() != v1::SURVEY_KIND_TEXT) {
    return FieldError(
        v1::ERROR_REASON_FIELD_REQUIRED, "score",
        absl::StrCat("has no column, and the survey's answers have scores; the ", "columns are ",
                     QuotedNames(names),
                     "; wanted --map score=COLUMN, or --no-score when there are none"));
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<int> FeedbackTarget::Ask(Session& session, const ImportRules& rules) {
  const absl::StatusOr<v1::Survey> survey = session.client.GetSurvey(survey_id_);
  if (!survey.ok()) {
    return ServiceError(session.environment, survey.status());
  }
  survey_ = *survey;
  const bool is_said = !rules.time_zone.empty();
  const absl::StatusOr<absl::TimeZone> zone =
      FindZone(is_said ? rules.time_zone : survey_.time_zone());
  if (!zone.ok()) {
    return is_said ? UsageError(session.environment,
                                absl::StrCat("--time-zone: ", zone.status().message()))
                   : ToolError(session.environment, zone.status().message());
  }
  zone_ = *zone;
  return std::nullopt;
}

std::vector<std::string> FeedbackTarget::dimensions() const {
  return {survey_.dimensions().begin(), survey_.dimensions().end()};
}

absl::Status FeedbackTarget::CheckLayout(const ImportRules& rules, const RecordLayout& layout,
                                         const std::vector<std::string>& names) const {
  if (layout.is_export) {
    RETURN_IF_ERROR(CheckIsNoFeed(names));
  }
  return CheckScore(rules, survey_, layout.columns, names);
}

absl::StatusOr<std::unique_ptr<RecordBuilder>> FeedbackTarget::MakeBuilder(
    const ImportRules& rules, RecordLayout layout) const {
  return FeedbackBuilder::Create(rules, survey_, zone_, std::move(layout));
}

bool FeedbackTarget::LacksValue(const RecordLayout&, const ImportRecord& record) const {
  return !std::get<v1::Feedback>(record).has_score() && survey_.kind() != v1::SURVEY_KIND_TEXT;
}

void FeedbackTarget::Describe(const ImportRules& rules, const std::vector<std::string>&,
                              ImportPlan& plan) const {
  const bool is_said = !rules.time_zone.empty();
  plan.zone = is_said ? rules.time_zone : survey_.time_zone();
  plan.zone_from = is_said ? "--time-zone" : "of the survey";
}

absl::StatusOr<bool> FeedbackTarget::WasImportedOtherwise(
    const Client& client, const DerivedIds& ids, const std::vector<ImportRecord>& records) const {
  return WereAnswersImportedOtherwise(client, ids, records);
}

std::unique_ptr<RecordSender> FeedbackTarget::MakeSender(const Client& client,
                                                         SenderOptions options) {
  return MakeFeedbackSender(client, std::move(options));
}

absl::StatusOr<bool> FeedbackTarget::Update(const Client& client, const ImportRules& rules,
                                            ImportRecordView record, uint64_t constants) const {
  v1::Feedback said = *std::get<const v1::Feedback*>(record);
  for (size_t i = 0; i < rules.constants.size(); ++i) {
    if ((constants >> i & 1) == 0) {
      continue;
    }
    const TargetField& field = rules.constants[i].first;
    if (field.field == RecordField::kLabels) {
      said.mutable_labels()->erase(field.label);
    } else if (field.field == RecordField::kComment) {
      said.clear_comment();
    } else if (field.field == RecordField::kCustomerId) {
      said.clear_customer_id();
    } else if (field.field == RecordField::kOccurTime) {
      said.clear_occur_time();
    }
  }
  return UpdateRecord(client, said);
}

}  // namespace emptychair
