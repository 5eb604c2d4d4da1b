// A set of permissions.
#ifndef EMPTYCHAIR_SERVER_API_PERMISSION_SET_H_
#define EMPTYCHAIR_SERVER_API_PERMISSION_SET_H_

#include <cstdint>
#include <initializer_list>

#include "emptychair/v1/access_options.pb.h"

namespace emptychair {

// A value. Empty unless made of something.
class PermissionSet {
 public:
  constexpr PermissionSet() = default;
  constexpr PermissionSet(std::initializer_list<v1::Permission> permissions) {
    for (const v1::Permission permission : permissions) {
      bits_ |= BitOf(permission);
    }
  }

  constexpr bool Has(v1::Permission permission) const { return (bits_ & BitOf(permission)) != 0; }

  constexpr PermissionSet operator|(PermissionSet other) const {
    PermissionSet both;
    both.bits_ = bits_ | other.bits_;
    return both;
  }
  // Those of this set that are not in `other`.
  constexpr PermissionSet operator-(PermissionSet other) const {
    PermissionSet rest;
    rest.bits_ = bits_ & ~other.bits_;
    return rest;
  }

  friend constexpr bool operator==(PermissionSet, PermissionSet) = default;

 private:
  static constexpr uint32_t BitOf(v1::Permission permission) {
    return uint32_t{1} << static_cast<uint32_t>(permission);
  }
  static_assert(v1::Permission_MAX < 32);

  uint32_t bits_ = 0;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_API_PERMISSION_SET_H_
