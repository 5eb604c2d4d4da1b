// Random numbers that are the same on every machine: the distributions of the standard library
// are not.
#ifndef EMPTYCHAIR_COMMON_BASE_RANDOM_H_
#define EMPTYCHAIR_COMMON_BASE_RANDOM_H_

#include <cstdint>
#include <initializer_list>

namespace emptychair {

// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  // 0..bound-1, evenly but for a bias of bound / 2^32. `bound` is positive.
  int Below(int bound) {
    return static_cast<int>(((Next() >> 32) * static_cast<uint64_t>(bound)) >> 32);
  }

  // True in `permille` of 1,000 cases.
  bool Chance(int permille) { return Below(1000) < permille; }

  // A position in `weights`, each as likely as its weight says.
  int Weighted(std::initializer_list<int> weights) {
    int sum = 0;
    for (const int weight : weights) {
      sum += weight;
    }
    int left = Below(sum);
    int position = 0;
    for (const int weight : weights) {
      if (left < weight) {
        break;
      }
      left -= weight;
      ++position;
    }
    return position;
  }

 private:
  uint64_t state_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_COMMON_BASE_RANDOM_H_
