import Charts
import Testing

struct ExtentTests {
    @Test("An extent keeps its ends") func ends() {
        #expect(Extent(1, 2) == Extent(1, 2) && Extent(1, 2) != Extent(1, 3))
    }
}
