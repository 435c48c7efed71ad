/// The two-sided exact sign test (Arbuthnot, Philosophical Transactions 27, 1710; Conover, Practical Nonparametric
/// Statistics, §3.4): differences of nothing are left out before.
package func signTest(positive: Int, negative: Int) -> Double { BinomialDistribution.fair(positive, negative) }
