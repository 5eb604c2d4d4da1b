// Draws commands about keys of callers, for tests of random commands.
#ifndef EMPTYCHAIR_TESTS_STORAGE_HARNESS_ACCESS_SOURCE_H_
#define EMPTYCHAIR_TESTS_STORAGE_HARNESS_ACCESS_SOURCE_H_

#include <cstdint>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "storage/read/view.h"
#include "storage/state/command.h"

namespace emptychair::storage {

// Of a few keys and certificates that share names, so that many commands are refused; some were
// revoked long before others are made.
class AccessSource {
 public:
  explicit AccessSource(std::mt19937_64& random) : random_(random) {}

  // `view` is that of what came before.
  CommandPtr Draw(const View& view) {
    CommandPtr command = NewCommand();
    const uint64_t id = 1 + Uniform(6);
    const int64_t time_ms = int64_t{86'400'000} * (19'783 + Uniform(800));
    switch (Uniform(6)) {
      case 0:
        command->mutable_revoke_access()->set_id(id);
        command->mutable_revoke_access()->set_time_ms(time_ms);
        break;
      case 1:
        command->mutable_rotate_access()->set_id(id);
        command->mutable_rotate_access()->set_secret_hash(std::string(32, 'r'));
        command->mutable_rotate_access()->set_time_ms(time_ms);
        command->mutable_rotate_access()->set_former_not_after_ms(time_ms + Uniform(2));
        break;
      case 2: {
        store::v1::AccessUse& use = *command->mutable_note_access()->add_uses();
        use.set_id(id);
        use.set_day(19'783 + Uniform(3));
        use.set_records_of_day(Uniform(9));
        break;
      }
      case 3:
        DrawUpdate(view, id, *command->mutable_update_access()->mutable_access());
        break;
      default:
        DrawNew(id, time_ms, *command->mutable_create_access()->mutable_access());
    }
    return command;
  }

 private:
  uint32_t Uniform(uint32_t below) {
    return std::uniform_int_distribution<uint32_t>(0, below - 1)(random_);
  }

  void DrawUpdate(const View& view, uint64_t id, store::v1::StoredAccess& wanted) {
    if (const AccessEntry* now = view.access->Find(id)) {
      wanted = *now->stored;
    }
    wanted.set_id(id);
    wanted.set_role(Uniform(2) == 0 ? v1::ROLE_READER : v1::ROLE_EDITOR);
    wanted.set_name(absl::StrCat("name ", Uniform(4)));
  }

  void DrawNew(uint64_t id, int64_t time_ms, store::v1::StoredAccess& access) {
    access.set_id(id);
    access.set_name(absl::StrCat("name ", Uniform(4)));
    access.set_role(v1::ROLE_READER);
    access.add_survey_numbers(1 + Uniform(6));
    access.set_create_time_ms(time_ms);
    if (Uniform(2) == 0) {
      access.set_certificate_san(absl::StrCat("dns:", Uniform(2)));
    } else {
      access.add_secrets()->set_hash(std::string(32, 'c'));
    }
  }

  std::mt19937_64& random_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_TESTS_STORAGE_HARNESS_ACCESS_SOURCE_H_
