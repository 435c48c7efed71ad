import Testing

@testable import Reporting

struct NumbersTests {
    @Test(
        "a share is never rounded to all or to nothing",
        arguments: [
            (0, "0%"), (1, "100%"), (0.5, "50%"), (0.983, "98.3%"), (0.9951, "99.51%"), (0.995, "99.5%"),
            (0.9996, "99.96%"),
            (0.0004, "0.04%"), (0.999_987, "99.9987%"), (1e-7, "0.00001%"), (1.25, "125%"), (-0.031, "-3.1%"),
        ])
    func percent(share: Double, text: String) { #expect(Numbers.percent(share) == text) }
}
