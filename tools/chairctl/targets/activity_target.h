// Activity kinds as the target of an import.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TARGETS_ACTIVITY_TARGET_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TARGETS_ACTIVITY_TARGET_H_

#include <string>

#include "absl/container/flat_hash_set.h"
#include "tools/chairctl/import/import_target.h"
#include "tools/chairctl/targets/activity_builder.h"

namespace emptychair {

// The kind is that of --kind, or each row's own. One that is not declared is declared by the import
// before its first activity, in the zone of --time-zone, else in UTC.
class ActivityTarget final : public ImportTarget {
 public:
  // The kinds are asked for by `Ask`.
  ActivityTarget() = default;
  // They are known.
  explicit ActivityTarget(ActivityBuilder::KindZones kinds) : kinds_(std::move(kinds)) {}

  RecordType type() const override { return RecordType::kActivity; }
  absl::string_view name() const override { return "the store"; }
  RecordField id_field() const override { return RecordField::kActivityId; }
  RecordField value_field() const override { return RecordField::kAmount; }
  std::optional<int> Ask(Session& session, const ImportRules& rules) override;
  std::vector<std::string> dimensions() const override { return {}; }
  absl::Status CheckLayout(const ImportRules& rules, const RecordLayout& layout,
                           const std::vector<std::string>& names) const override;
  absl::StatusOr<std::unique_ptr<RecordBuilder>> MakeBuilder(const ImportRules& rules,
                                                             RecordLayout layout) const override;
  OddValues MakeOddValues() const override { return OddValues({}); }
  bool LacksValue(const RecordLayout& layout, const ImportRecord& record) const override;
  void Describe(const ImportRules& rules, const std::vector<std::string>& kinds,
                ImportPlan& plan) const override;
  absl::StatusOr<bool> WasImportedOtherwise(
      const Client& client, const DerivedIds& ids,
      const std::vector<ImportRecord>& records) const override;
  std::unique_ptr<RecordSender> MakeSender(const Client& client, SenderOptions options) override;
  // Activities do not change.
  absl::StatusOr<bool> Update(const Client&, const ImportRules&, ImportRecordView,
                              uint64_t) const override {
    return false;
  }

 private:
  absl::Status Declare(const Client& client, const std::string& kind);

  ActivityBuilder::KindZones kinds_;
  // Of those that it declares.
  std::string new_zone_ = "UTC";
  absl::flat_hash_set<std::string> declared_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TARGETS_ACTIVITY_TARGET_H_
