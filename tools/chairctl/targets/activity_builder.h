// Activities out of rows of a file.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TARGETS_ACTIVITY_BUILDER_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TARGETS_ACTIVITY_BUILDER_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tools/chairctl/import/record_builder.h"

namespace emptychair {

// Not thread-safe.
class ActivityBuilder final : public RecordBuilder {
 public:
  // Names of time zones, by activity kind.
  using KindZones = std::map<std::string, std::string>;

  // `kinds` are the declared ones. Times without an offset are in the zone of --time-zone, else in
  // that of their kind, else in UTC. FIELD_INVALID for flags that cannot be read, for more than
  // `kConstantsMax` constants, and for the zone of --kind. `rules` must outlive the builder.
  static absl::StatusOr<std::unique_ptr<RecordBuilder>> Create(const ImportRules& rules,
                                                               KindZones kinds,
                                                               RecordLayout layout);

  std::unique_ptr<RecordBuilder> Clone() const override;

 protected:
  void Begin(ImportRecord& record) override;
  absl::Status SetField(const TargetField& field, absl::string_view text,
                        ImportRecord& record) override;
  absl::Status Complete(ImportRecord& record) override;
  bool SetConstant(const TargetField& field, const std::string& value,
                   ImportRecord& record) const override;
  absl::Status Check(const ImportRecord& record) const override;
  absl::StatusOr<const RecordTimes*> TimesOf(const ImportRecord& record) override;
  void SetTime(absl::Time time, ImportRecord& record) const override;
  bool HasId(const ImportRecord& record) const override;
  bool HasIdWithTime(const ImportRecord&) const override { return false; }
  void SetIdOfContent(ImportRecord& record) override;
  void SetIdOfKeys(const std::vector<std::string>& keys, ImportRecord& record) const override;

 private:
  // What a row says of an amount.
  struct AmountTexts {
    absl::string_view amount;
    absl::string_view currency;
    absl::string_view units;
    absl::string_view nanos;
  };

  ActivityBuilder(const ImportRules& rules, KindZones kinds, RecordLayout layout);

  absl::StatusOr<const RecordTimes*> TimesOfKind(const std::string& kind);
  absl::Status SetAmount(v1::Activity& activity) const;
  absl::Status SetCurrency(v1::Amount& amount) const;

  const KindZones kinds_;
  // Of the kinds that were met, or of all under --time-zone.
  absl::flat_hash_map<std::string, std::shared_ptr<const RecordTimes>> times_;
  // Of the row that is being read.
  AmountTexts texts_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TARGETS_ACTIVITY_BUILDER_H_
