// Answers to a survey out of rows of a file.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TARGETS_FEEDBACK_BUILDER_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TARGETS_FEEDBACK_BUILDER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "emptychair/v1/survey_service.pb.h"
#include "tools/chairctl/import/record_builder.h"

namespace emptychair {

// Not thread-safe.
class FeedbackBuilder final : public RecordBuilder {
 public:
  // `zone` is that of times without an offset. FIELD_INVALID for flags that cannot be read, and for
  // more than `kConstantsMax` constants. `rules` must outlive the builder.
  static absl::StatusOr<std::unique_ptr<RecordBuilder>> Create(const ImportRules& rules,
                                                               const v1::Survey& survey,
                                                               absl::TimeZone zone,
                                                               RecordLayout layout);

  std::unique_ptr<RecordBuilder> Clone() const override;

 protected:
  void Begin(ImportRecord& record) override;
  absl::Status SetField(const TargetField& field, absl::string_view text,
                        ImportRecord& record) override;
  absl::Status Complete(ImportRecord& record) override;
  bool SetConstant(const TargetField& field, const std::string& value,
                   ImportRecord& record) const override;
  absl::Status Check(const ImportRecord&) const override { return absl::OkStatus(); }
  absl::StatusOr<const RecordTimes*> TimesOf(const ImportRecord&) override { return &times_; }
  void SetTime(absl::Time time, ImportRecord& record) const override;
  bool HasId(const ImportRecord& record) const override;
  bool HasIdWithTime(const ImportRecord& record) const override;
  void SetIdOfContent(ImportRecord& record) override;
  void SetIdOfKeys(const std::vector<std::string>& keys, ImportRecord& record) const override;

 private:
  struct Exclusion {
    absl::string_view note;
    absl::string_view time;
  };

  FeedbackBuilder(const ImportRules& rules, const v1::Survey& survey, RecordTimes times,
                  RecordLayout layout);

  absl::Status SetScore(absl::string_view text, v1::Feedback& feedback) const;

  const v1::Survey survey_;
  const RecordTimes times_;
  // Of the row that is being read.
  Exclusion exclusion_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TARGETS_FEEDBACK_BUILDER_H_
