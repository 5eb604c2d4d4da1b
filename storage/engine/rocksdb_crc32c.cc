// CRC32C for RocksDB, in hardware. Debian builds RocksDB for any x86-64, where its own computes in
// software, at a fiftieth of the rate, and takes a fifth of a stream's processor time. These are
// the functions of RocksDB's util/crc32c.h, all of them, so that the linker leaves RocksDB's object
// file out of the program. ISA-L chooses at run time what the processor can do.
#include <isa-l/crc.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace rocksdb::crc32c {
namespace {

// Castagnoli's polynomial, bits reversed: the highest bit is the coefficient of x^0.
constexpr uint32_t kPolynomial = 0x82F63B78;
constexpr uint32_t kOne = uint32_t{1} << 31;
constexpr uint32_t kX = uint32_t{1} << 30;

constexpr size_t kBytesAtOnce = size_t{1} << 30;  // ISA-L takes an int.

uint32_t Multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (; a != 0; a <<= 1) {
    product ^= (a & kOne) != 0 ? b : 0;
    b = (b & 1) != 0 ? (b >> 1) ^ kPolynomial : b >> 1;
  }
  return product;
}

uint32_t PowerOfX(uint64_t exponent) {
  uint32_t power = kOne;
  for (uint32_t square = kX; exponent != 0; exponent >>= 1) {
    power = (exponent & 1) != 0 ? Multiply(power, square) : power;
    square = Multiply(square, square);
  }
  return power;
}

}  // namespace

// RocksDB's header, which declares these, is not installed.
uint32_t Extend(uint32_t init_crc, const char* data, size_t n);
uint32_t Crc32cCombine(uint32_t crc1, uint32_t crc2, size_t crc2len);
std::string IsFastCrc32Supported();

// The checksum of what `init_crc` is that of, and then `data`.
uint32_t Extend(uint32_t init_crc, const char* data, size_t n) {
  uint32_t crc = ~init_crc;
  while (n > 0) {
    const size_t bytes = std::min(n, kBytesAtOnce);
    // It is not const, and yet only read.
    auto* begin = reinterpret_cast<unsigned char*>(const_cast<char*>(data));
    crc = crc32_iscsi(begin, static_cast<int>(bytes), crc);
    data += bytes;
    n -= bytes;
  }
  return ~crc;
}

// The checksum of two texts, one behind the other, from those of each: bytes that follow multiply
// the first by x^8 each.
uint32_t Crc32cCombine(uint32_t crc1, uint32_t crc2, size_t crc2len) {
  return Multiply(PowerOfX(uint64_t{8} * crc2len), crc1) ^ crc2;
}

// For RocksDB's own log.
std::string IsFastCrc32Supported() { return "Supported by ISA-L"; }

}  // namespace rocksdb::crc32c
