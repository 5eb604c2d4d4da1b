// Quantiles and tails of the normal distribution and of Student's. Everything here is pure and
// thread-safe.
#ifndef EMPTYCHAIR_SERVER_STATISTICS_DISTRIBUTIONS_H_
#define EMPTYCHAIR_SERVER_STATISTICS_DISTRIBUTIONS_H_

#include "server/statistics/estimate.h"

namespace emptychair::statistics {

// How often chance alone takes a standard normal variable as far from 0, on either side: 0 to 1.
double TwoSidedP(double z);

// The z > 0 of which TwoSidedP is `p`, 0 < p < 1, to 1e-13 of it.
double TwoSidedZ(double p);

// The logarithm of what a variable of Student's distribution with `degrees` of freedom, 1 or more
// and not necessarily whole, stays within, on both sides of 0, with the given confidence; to 1e-11.
// Infinitely many degrees: that of Confidence::z.
//
// It is so smooth in 1 / degrees that a few points of it tell all others (Chebyshev); they are
// computed once, from the incomplete beta function (DLMF 8.17.22).
double LogStudentQuantile(Confidence confidence, double degrees);

}  // namespace emptychair::statistics

#endif  // EMPTYCHAIR_SERVER_STATISTICS_DISTRIBUTIONS_H_
