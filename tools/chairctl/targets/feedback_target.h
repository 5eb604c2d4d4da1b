// A survey as the target of an import.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TARGETS_FEEDBACK_TARGET_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TARGETS_FEEDBACK_TARGET_H_

#include <string>
#include <utility>

#include "absl/time/time.h"
#include "emptychair/v1/survey_service.pb.h"
#include "tools/chairctl/import/import_target.h"

namespace emptychair {

class FeedbackTarget final : public ImportTarget {
 public:
  // The survey is asked for by `Ask`.
  explicit FeedbackTarget(std::string survey_id) : survey_id_(std::move(survey_id)) {}
  // The survey is known. `zone` is that of times without an offset.
  FeedbackTarget(v1::Survey survey, absl::TimeZone zone)
      : survey_id_(survey.survey_id()), survey_(std::move(survey)), zone_(zone) {}

  RecordType type() const override { return RecordType::kFeedback; }
  absl::string_view name() const override { return "the survey"; }
  RecordField id_field() const override { return RecordField::kExternalId; }
  RecordField value_field() const override { return RecordField::kScore; }
  std::optional<int> Ask(Session& session, const ImportRules& rules) override;
  std::vector<std::string> dimensions() const override;
  absl::Status CheckLayout(const ImportRules& rules, const RecordLayout& layout,
                           const std::vector<std::string>& names) const override;
  absl::StatusOr<std::unique_ptr<RecordBuilder>> MakeBuilder(const ImportRules& rules,
                                                             RecordLayout layout) const override;
  OddValues MakeOddValues() const override { return OddValues(survey_); }
  bool LacksValue(const RecordLayout& layout, const ImportRecord& record) const override;
  void Describe(const ImportRules& rules, const std::vector<std::string>& kinds,
                ImportPlan& plan) const override;
  absl::StatusOr<bool> WasImportedOtherwise(
      const Client& client, const DerivedIds& ids,
      const std::vector<ImportRecord>& records) const override;
  std::unique_ptr<RecordSender> MakeSender(const Client& client, SenderOptions options) override;
  absl::StatusOr<bool> Update(const Client& client, const ImportRules& rules,
                              ImportRecordView record, uint64_t constants) const override;

 private:
  const std::string survey_id_;
  v1::Survey survey_;
  absl::TimeZone zone_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TARGETS_FEEDBACK_TARGET_H_
