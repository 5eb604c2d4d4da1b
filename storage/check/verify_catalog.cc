#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "storage/check/verify_parts.h"

namespace emptychair::storage {
namespace {

std::string ToText(const store::v1::StoredCounters& counters) {
  return absl::StrCat("sequence ", counters.sequence(), ", last survey ",
                      counters.last_survey_number(), ", last customer ",
                      counters.last_customer_ordinal(), ", records ", counters.feedback_count(),
                      ", last import ", counters.last_import_number(), ", last kind ",
                      counters.last_kind_number(), ", activities ", counters.activity_count(),
                      ", erased customers ", counters.erased_customer_count());
}

absl::Status CheckSurvey(VerifyRun& run, uint32_t number, absl::string_view value) {
  store::v1::StoredSurvey survey;
  if (!DecodeMessage(value, survey) || survey.survey_number() != number) {
    return run.Report([&] {
      return Difference{DifferenceKind::kUndecodable, run.NameOf(number),
                        absl::StrCat("meta: the definition of survey ", run.NameOf(number)),
                        "bytes that do not decode", "a definition"};
    });
  }
  const store::v1::StoredCounters& counters = run.view.counters;
  if (number == 0 || number > counters.last_survey_number()) {
    RETURN_IF_ERROR(run.Report([&] {
      return Difference{DifferenceKind::kCounter, survey.survey_id(), "meta: the survey's number",
                        absl::StrCat(number), absl::StrCat("1 to ", counters.last_survey_number())};
    }));
  }
  if (survey.sequence() == 0 || survey.sequence() > counters.sequence()) {
    return run.Report([&] {
      return Difference{DifferenceKind::kCounter, survey.survey_id(), "meta: the survey's sequence",
                        absl::StrCat(survey.sequence()),
                        absl::StrCat("1 to ", counters.sequence())};
    });
  }
  return absl::OkStatus();
}

absl::Status CheckKind(VerifyRun& run, uint32_t number, absl::string_view value) {
  const std::string where = absl::StrCat("meta: the definition of kind ", run.NameOfKind(number));
  store::v1::StoredActivityKind kind;
  if (!DecodeMessage(value, kind) || kind.kind_number() != number) {
    return run.Report([&] {
      return Difference{DifferenceKind::kUndecodable, "", where, "bytes that do not decode",
                        "a definition"};
    });
  }
  const store::v1::StoredCounters& counters = run.view.counters;
  if (number == 0 || number > counters.last_kind_number()) {
    RETURN_IF_ERROR(run.Report([&] {
      return Difference{DifferenceKind::kCounter, "",
                        absl::StrCat("meta: the number of kind ", kind.kind()),
                        absl::StrCat(number), absl::StrCat("1 to ", counters.last_kind_number())};
    }));
  }
  if (kind.sequence() == 0 || kind.sequence() > counters.sequence()) {
    RETURN_IF_ERROR(run.Report([&] {
      return Difference{DifferenceKind::kCounter, "",
                        absl::StrCat("meta: the sequence of kind ", kind.kind()),
                        absl::StrCat(kind.sequence()), absl::StrCat("1 to ", counters.sequence())};
    }));
  }
  // Queries see all that are not deleted, as they are stored.
  const ActivityKindView* seen = run.view.FindKind(kind.kind());
  const bool is_seen = seen != nullptr && seen->number() == number;
  if (is_seen == (kind.delete_time_ms() == 0) &&
      (!is_seen || EncodeMessage(*seen->definition) == value)) {
    return absl::OkStatus();
  }
  return run.Report([&] {
    return Difference{DifferenceKind::kCounter, "", where, "another one than queries see",
                      is_seen ? "the same" : "none"};
  });
}

// Epochs begin in the order of their changes, each with one that was made.
absl::Status CheckEpochs(VerifyRun& run, absl::string_view value) {
  store::v1::StoredEpochs epochs;
  if (!DecodeMessage(value, epochs)) {
    return run.Report([&] { return Undecodable("meta", EpochsKey()); });
  }
  uint64_t before = 0;
  for (const store::v1::StoredEpoch& epoch : epochs.epochs()) {
    if (epoch.epoch() == 0 || epoch.first_sequence() <= before ||
        epoch.first_sequence() > run.view.counters.sequence()) {
      return run.Report([&] {
        return Difference{
            DifferenceKind::kCounter, "", "meta: the epochs",
            absl::StrCat("one from change ", epoch.first_sequence()),
            absl::StrCat("changes from ", before + 1, " to ", run.view.counters.sequence())};
      });
    }
    before = epoch.first_sequence();
  }
  return absl::OkStatus();
}

absl::Status CheckImport(VerifyRun& run, uint32_t number, absl::string_view value) {
  store::v1::StoredImport import;
  if (!DecodeMessage(value, import)) {
    return run.Report([&] { return Undecodable("meta", ImportKey(number)); });
  }
  const uint32_t last = run.view.counters.last_import_number();
  if (number == 0 || number > last) {
    return run.Report([&] {
      return Difference{DifferenceKind::kCounter,
                        import.kind_number() == 0 ? run.NameOf(import.survey_number()) : "",
                        "meta: an import's number", absl::StrCat(number),
                        absl::StrCat("1 to ", last)};
    });
  }
  const bool is_of_kind = import.kind_number() != 0;
  if (is_of_kind ? import.survey_number() != 0 || run.kinds.count(import.kind_number()) == 0
                 : run.surveys.count(import.survey_number()) == 0) {
    return run.Report([&] {
      return Difference{DifferenceKind::kUnknownSurvey, "", absl::StrCat("meta: import ", number),
                        "an import", ""};
    });
  }
  return absl::OkStatus();
}

// A series whose two copies are not the same: records leave out the labels that it says.
absl::Status ReportCopies(VerifyRun& run, const SeriesKey& key, absl::string_view stored) {
  return run.Report([&] {
    return Difference{
        DifferenceKind::kSeries, run.NameOf(key.survey_number),
        absl::StrCat("series ", key.series, " of survey ", run.NameOf(key.survey_number)),
        std::string(stored), "two equal copies"};
  });
}

// Looks from the second copy to the first; from there it is compared. Of a deleted survey the first
// is removed before it.
absl::Status CheckSeriesCopy(VerifyRun& run, const SeriesKey& key) {
  const auto survey = run.surveys.find(key.survey_number);
  const bool is_deleted =
      survey != run.surveys.end() && survey->second.definition->delete_time_ms() != 0;
  std::string first;
  ASSIGN_OR_RETURN(const bool found, run.Get(Family::kSeries, key.Encode(), &first));
  return found || is_deleted ? absl::OkStatus() : ReportCopies(run, key, "the second copy alone");
}

absl::Status CheckMetaEntry(VerifyRun& run, absl::string_view key, absl::string_view value) {
  if (const std::optional<uint32_t> number = DecodeSurveyKey(key)) {
    return CheckSurvey(run, *number, value);
  }
  if (const std::optional<uint32_t> number = DecodeActivityKindKey(key)) {
    return CheckKind(run, *number, value);
  }
  if (const std::optional<uint32_t> number = DecodeImportKey(key)) {
    return CheckImport(run, *number, value);
  }
  if (const std::optional<SeriesKey> series = DecodeSeriesCopyKey(key)) {
    return CheckSeriesCopy(run, *series);
  }
  bool is_sound = false;
  if (const std::optional<uint32_t> erasing = DecodeErasureKey(key)) {
    store::v1::StoredErasure erasure;
    is_sound = DecodeMessage(value, erasure) && run.view.erasing->Has(*erasing);
  } else if (DecodeFormerSurveyKey(key).has_value()) {
    store::v1::StoredFormerSurvey former;
    is_sound = DecodeMessage(value, former);
  } else if (key == EpochsKey()) {
    return CheckEpochs(run, value);
  } else if (key == FormatKey()) {
    is_sound = DecodeFormat(value) == kFormatVersion;
  } else if (key == IdentityKey()) {
    store::v1::StoredIdentity identity;
    is_sound = DecodeMessage(value, identity) && identity.store_id().size() == Uuid::kSize &&
               identity.hash_secret().size() == KeyedHash::kSecretSize;
  } else if (key == CountersKey()) {
    store::v1::StoredCounters counters;
    is_sound = DecodeMessage(value, counters);
    if (is_sound && ToText(counters) != ToText(run.view.counters)) {
      return run.Report([&] {
        return Difference{DifferenceKind::kCounter, "", "meta: the counters", ToText(counters),
                          ToText(run.view.counters)};
      });
    }
  }
  return is_sound ? absl::OkStatus() : run.Report([&] { return Undecodable("meta", key); });
}

// The series of one survey after the other, in the order of their numbers.
class SeriesCheck {
 public:
  explicit SeriesCheck(VerifyRun& run) : run_(run) {}

  absl::Status Check(absl::string_view key, absl::string_view value) {
    const std::optional<SeriesKey> series = SeriesKey::Decode(key);
    store::v1::StoredSeries stored;
    if (!series.has_value() || !DecodeSeries(value, stored)) {
      RETURN_IF_ERROR(run_.Report([&] {
        return Undecodable("series", key,
                           series.has_value() ? run_.NameOf(series->survey_number) : "");
      }));
    }
    if (!series.has_value()) {
      return absl::OkStatus();
    }
    const bool is_next =
        survey_number_ == series->survey_number ? series->series == last_ + 1 : series->series == 1;
    survey_number_ = series->survey_number;
    last_ = series->series;
    counts_[*survey_number_] = last_ + 1;
    if (run_.surveys.count(*survey_number_) == 0) {
      return run_.Report([&] {
        return Difference{DifferenceKind::kUnknownSurvey, "", Name(), "a series", ""};
      });
    }
    std::string copy;
    ASSIGN_OR_RETURN(const bool has_copy, run_.Get(Family::kMeta, SeriesCopyKey(*series), &copy));
    if (!has_copy || copy != value) {
      RETURN_IF_ERROR(ReportCopies(run_, *series,
                                   has_copy ? "two copies that differ" : "the first copy alone"));
    }
    return is_next ? absl::OkStatus() : run_.Report([&] {
      return Difference{DifferenceKind::kSeries, run_.NameOf(*survey_number_), Name(),
                        absl::StrCat("number ", last_), "numbers from 1 without gaps"};
    });
  }

  // After the last entry: series that queries know and that are not stored.
  absl::Status Finish() {
    for (const auto& [number, survey] : run_.surveys) {
      const uint32_t stored = std::max(counts_[number], 1u);
      if (survey.view != nullptr && survey.view->series_count > stored) {
        RETURN_IF_ERROR(run_.Report([&, &survey = survey] {
          return Difference{DifferenceKind::kSeries, survey.id(),
                            absl::StrCat("the series of survey ", survey.id()),
                            absl::StrCat("numbers below ", stored),
                            absl::StrCat("numbers below ", survey.view->series_count)};
        }));
      }
    }
    return absl::OkStatus();
  }

 private:
  std::string Name() const {
    return absl::StrCat("series ", last_, " of survey ", run_.NameOf(*survey_number_));
  }

  VerifyRun& run_;
  std::optional<uint32_t> survey_number_;
  uint32_t last_ = 0;
  std::map<uint32_t, uint32_t> counts_;
};

// Numbers and hashes of customers, from both sides.
class CustomerCheck {
 public:
  explicit CustomerCheck(VerifyRun& run)
      : run_(run), by_id_(run.sum_hash), by_ordinal_(run.sum_hash) {}

  absl::Status Run() {
    RETURN_IF_ERROR(run_.steps.Begin("customers"));
    RETURN_IF_ERROR(Scan([this](absl::string_view key, absl::string_view value) {
      return DecodeCustomerByIdKey(key).has_value() ? AddById(key, value)
                                                    : AddByOrdinal(key, value);
    }));
    RETURN_IF_ERROR(ReportGap(int64_t{run_.view.counters.last_customer_ordinal()} + 1));
    if (by_id_.Equals(by_ordinal_)) {
      return absl::OkStatus();
    }
    return Scan([this](absl::string_view key, absl::string_view value) {
      return DecodeCustomerByIdKey(key).has_value() ? LookFromId(key, value)
                                                    : LookFromOrdinal(key, value);
    });
  }

 private:
  absl::Status Scan(OnEntry on_entry) {
    return ScanFamily(run_.engine, run_.view, Family::kCustomer,
                      [&](absl::string_view key, absl::string_view value) {
                        RETURN_IF_ERROR(run_.steps.Step());
                        return on_entry(key, value);
                      });
  }

  absl::Status Report(uint32_t ordinal, absl::string_view stored, absl::string_view expected) {
    return run_.Report([&] {
      return Difference{DifferenceKind::kCustomer, "", absl::StrCat("customer ", ordinal),
                        std::string(stored), std::string(expected)};
    });
  }

  // Each number under the hash that its id must have.
  static void Add(const std::string& by_id_key, uint32_t ordinal, SetSum& sum) {
    sum.Add(by_id_key, CustomerByOrdinalKey(ordinal));
  }

  absl::Status AddById(absl::string_view key, absl::string_view value) {
    const std::optional<std::vector<uint32_t>> ordinals = DecodeOrdinals(value);
    if (!ordinals.has_value()) {
      return run_.Report([&] { return Undecodable("customer", key); });
    }
    for (const uint32_t ordinal : *ordinals) {
      if (!IsGivenOut(ordinal)) {
        RETURN_IF_ERROR(ReportNotGivenOut(ordinal));
      } else {
        Add(std::string(key), ordinal, by_id_);
      }
    }
    return absl::OkStatus();
  }

  bool IsGivenOut(uint32_t ordinal) const {
    return ordinal != kAnonymous && ordinal <= run_.view.counters.last_customer_ordinal();
  }

  absl::Status ReportNotGivenOut(uint32_t ordinal) {
    return Report(ordinal, "a number that was never given out",
                  absl::StrCat("1 to ", run_.view.counters.last_customer_ordinal()));
  }

  std::string ByIdKeyOf(const store::v1::StoredCustomer& customer) const {
    return CustomerByIdKey(run_.hash(HashPurpose::kCustomerId, customer.customer_id()));
  }

  absl::Status AddByOrdinal(absl::string_view key, absl::string_view value) {
    const std::optional<uint32_t> ordinal = DecodeCustomerByOrdinalKey(key);
    if (ordinal.has_value()) {
      RETURN_IF_ERROR(ReportGap(*ordinal));
    }
    store::v1::StoredCustomer customer;
    if (!ordinal.has_value() || !DecodeMessage(value, customer)) {
      return run_.Report([&] { return Undecodable("customer", key); });
    }
    if (!IsGivenOut(*ordinal)) {
      return ReportNotGivenOut(*ordinal);
    }
    if (customer.customer_id().empty()) {
      return CheckErased(*ordinal, customer);
    }
    Add(ByIdKeyOf(customer), *ordinal, by_ordinal_);
    return absl::OkStatus();
  }

  absl::Status CheckErased(uint32_t ordinal, const store::v1::StoredCustomer& customer) {
    run_.erased_customers.insert(ordinal);
    return customer.attributes().empty() ? absl::OkStatus()
                                         : Report(ordinal, "attributes without an id", "none");
  }

  // Entries by number come in their order.
  absl::Status ReportGap(int64_t ordinal) {
    const int64_t first = next_ordinal_;
    next_ordinal_ = std::max(next_ordinal_, ordinal + 1);
    if (ordinal <= first) {
      return absl::OkStatus();
    }
    return run_.Report([&] {
      return Difference{DifferenceKind::kCustomer, "",
                        absl::StrCat("customers ", first, " to ", ordinal - 1), "",
                        "entries by number"};
    });
  }

  // A number that its id does not lead to.
  absl::Status LookFromOrdinal(absl::string_view key, absl::string_view value) {
    const std::optional<uint32_t> ordinal = DecodeCustomerByOrdinalKey(key);
    store::v1::StoredCustomer customer;
    if (!ordinal.has_value() || !DecodeMessage(value, customer) || customer.customer_id().empty()) {
      return absl::OkStatus();
    }
    std::string by_id;
    ASSIGN_OR_RETURN(const bool found, run_.Get(Family::kCustomer, ByIdKeyOf(customer), &by_id));
    if (!found) {
      return Report(*ordinal, "", "an entry by id");
    }
    const std::optional<std::vector<uint32_t>> ordinals = DecodeOrdinals(by_id);
    if (ordinals.has_value() && !absl::c_linear_search(*ordinals, *ordinal)) {
      return Report(*ordinal, "an entry by id without the number", "the number");
    }
    return absl::OkStatus();
  }

  // A number under a hash that its id does not have.
  absl::Status LookFromId(absl::string_view key, absl::string_view value) {
    const std::optional<std::vector<uint32_t>> ordinals = DecodeOrdinals(value);
    if (!ordinals.has_value()) {
      return absl::OkStatus();
    }
    for (const uint32_t ordinal : *ordinals) {
      std::string by_ordinal;
      store::v1::StoredCustomer customer;
      ASSIGN_OR_RETURN(const bool found,
                       run_.Get(Family::kCustomer, CustomerByOrdinalKey(ordinal), &by_ordinal));
      if (found && DecodeMessage(by_ordinal, customer) && ByIdKeyOf(customer) != key) {
        RETURN_IF_ERROR(
            Report(ordinal, "an entry by id whose key is not of its id", "the hash of the id"));
      }
    }
    return absl::OkStatus();
  }

  VerifyRun& run_;
  SetSum by_id_;
  SetSum by_ordinal_;
  int64_t next_ordinal_ = 1;
};

}  // namespace

absl::Status CheckMeta(VerifyRun& run) {
  RETURN_IF_ERROR(run.steps.Begin("meta"));
  std::set<std::string> missing = {FormatKey(), IdentityKey(), CountersKey()};
  for (const auto& [number, survey] : run.surveys) {
    missing.insert(SurveyKey(number));
  }
  for (const auto& [number, kind] : run.kinds) {
    missing.insert(ActivityKindKey(number));
  }
  RETURN_IF_ERROR(ScanFamily(run.engine, run.view, Family::kMeta,
                             [&](absl::string_view key, absl::string_view value) {
                               missing.erase(std::string(key));
                               return CheckMetaEntry(run, key, value);
                             }));
  for (const std::string& key : missing) {
    RETURN_IF_ERROR(run.Report([&] {
      const std::optional<uint32_t> survey = DecodeSurveyKey(key);
      const std::optional<uint32_t> kind = DecodeActivityKindKey(key);
      return Difference{
          DifferenceKind::kCounter, survey.has_value() ? run.NameOf(*survey) : "",
          survey.has_value() ? absl::StrCat("meta: the definition of survey ", run.NameOf(*survey))
          : kind.has_value() ? absl::StrCat("meta: the definition of kind ", run.NameOfKind(*kind))
                             : absl::StrCat("meta: ", key),
          "", "an entry"};
    }));
  }
  return absl::OkStatus();
}

absl::Status CheckSeries(VerifyRun& run) {
  RETURN_IF_ERROR(run.steps.Begin("series"));
  SeriesCheck check(run);
  RETURN_IF_ERROR(ScanFamily(
      run.engine, run.view, Family::kSeries,
      [&](absl::string_view key, absl::string_view value) { return check.Check(key, value); }));
  return check.Finish();
}

absl::Status CheckCustomers(VerifyRun& run) { return CustomerCheck(run).Run(); }

}  // namespace emptychair::storage
