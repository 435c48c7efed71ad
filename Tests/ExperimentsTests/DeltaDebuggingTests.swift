import Experiments
import Testing

struct DeltaDebuggingTests {
    @Test(
        "what is left are exactly the elements that it takes, wherever they stand",
        arguments: [[], [0], [99], [3, 4], [0, 50, 99], [7, 8, 9, 40, 41]] as [[Int]])
    func minimal(needed: [Int]) async throws {
        var tries = 0
        let result = try await DeltaDebugging.minimized(Array(0..<100)) { part in
            tries += 1
            #expect(part == part.sorted())
            return needed.allSatisfy(part.contains)
        }
        #expect(result == needed)
        #expect(tries < 200)
    }

    @Test("nothing can be left out alone where what fails is not a matter of single elements")
    func oneMinimal() async throws {
        // Any three of one residue fail.
        func fails(_ part: [Int]) -> Bool {
            Dictionary(grouping: part, by: { $0 % 4 }).values.contains { $0.count >= 3 }
        }
        let result = try await DeltaDebugging.minimized(Array(0..<40)) { fails($0) }
        #expect(fails(result))
        for element in result { #expect(!fails(result.filter { $0 != element })) }
    }
}
