import Kubernetes
import Testing

@Suite struct QuantityTests {
    @Test(
        arguments: [
            ("0", "0"), ("1", "1"), ("-1", "-1"), ("+5", "5"), ("0.5", "500m"), ("1.5", "1500m"), ("100m", "100m"),
            ("1000m", "1"), ("100000", "100k"), ("1024Mi", "1Gi"), ("1Gi", "1Gi"), ("1.5Gi", "1536Mi"),
            ("1023", "1023"), ("512Ki", "512Ki"), ("1e3", "1e3"), ("1E3", "1e3"), ("12e6", "12e6"), ("1E", "1E"),
            ("100n", "100n"), ("1u", "1u"), (".5", "500m"), ("5.", "5"), ("0.1n", "1n"), ("0.5Ki", "512"),
            ("1500000M", "1500G"), ("007", "7"), ("2.50", "2500m"), ("0Gi", "0"),
        ])
    func `is written in its canonical form`(text: String, canonical: String) throws {
        #expect(try Quantity(parsing: text).description == canonical)
    }

    @Test(
        arguments: [
            ("", Quantity.ParseError.format), ("abc", .format), ("1 ", .format), ("1x", .format), ("1.2.3", .format),
            ("--1", .suffix), ("1mm", .suffix), ("1KI", .format), ("1K", .suffix), ("1mi", .suffix), ("1Ei1", .suffix),
        ])
    func `what is none is told why`(text: String, error: Quantity.ParseError) {
        #expect(throws: error) { try Quantity(parsing: text) }
    }

    @Test func `amounts compare however they are written`() throws {
        #expect(try Quantity(parsing: "1Gi") == Quantity(parsing: "1073741824"))
        #expect(try Quantity(parsing: "1Gi") > Quantity(parsing: "1G"))
        #expect(try Quantity(parsing: "100m") < Quantity(parsing: "0.11"))
        #expect(try Set([Quantity(parsing: "1000m"), Quantity(parsing: "1")]).count == 1)
    }

    @Test func `sums keep the left side's form, unless that is zero`() throws {
        #expect(try (Quantity(parsing: "512Mi") + Quantity(parsing: "1G")).description == "1536870912")
        #expect(try (Quantity.zero + Quantity(parsing: "1024Mi")).description == "1Gi")
        #expect(try (Quantity(parsing: "1") - Quantity(parsing: "250m")).description == "750m")
        #expect(try (Quantity(parsing: "1") - Quantity(parsing: "2")).isNegative)
    }

    @Test func `whole units are rounded up`() throws {
        #expect(try Quantity(parsing: "1001m").value == 2)
        #expect(try Quantity(parsing: "1Ki").value == 1024)
        #expect(try Quantity(parsing: "99999E").value == Int64.max)
    }
}
