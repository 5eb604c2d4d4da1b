// What the golden databases hold of keys and certificates, from format 8 on.
#ifndef EMPTYCHAIR_TESTS_STORAGE_HARNESS_GOLDEN_ACCESS_H_
#define EMPTYCHAIR_TESTS_STORAGE_HARNESS_GOLDEN_ACCESS_H_

#include <cstdint>
#include <string>

#include "storage/store.h"

namespace emptychair::storage {

// A key of two texts, the newer of which is this; was used; is of the surveys 1 and 2.
inline constexpr uint64_t kGoldenKey = 0x123456789abcde;
inline constexpr char kGoldenKeyText[] =
    "eck_04hmasw9nf6y_3AHOVcjqx4BIPWdkry5CJQXelsz6DKRYfmt07ELSZgn1CnWjr";
// A certificate of all surveys; one of the same name was revoked before it was registered.
inline constexpr uint64_t kGoldenCertificate = 8;
inline constexpr uint64_t kGoldenRevokedCertificate = 9;
inline constexpr char kGoldenSan[] = "uri:spiffe://example.org/shop";

// A part of FillSecondHalf. Aborts when a change is not accepted.
void FillAccess(Store& store);

// An entry of the column family `access`, or `audit`, in words.
std::string AccessEntryText(const std::string& key, const std::string& value);
std::string AuditEntryText(const std::string& key, const std::string& value);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_TESTS_STORAGE_HARNESS_GOLDEN_ACCESS_H_
