/// The last things of a kind, each with its number in the row of all that there were.
package struct RecentItems<Element: Sendable>: Sendable {
    package struct Item: Sendable {
        /// From 1.
        package var sequence: Int
        package var element: Element
    }

    private let capacity: Int
    /// Written around; the oldest stands where the next will.
    private var items: [Item] = []
    /// How many there were in all, and so the number of the last.
    package private(set) var sequence = 0

    package init(capacity: Int) { self.capacity = capacity }

    package mutating func append(_ element: Element) {
        sequence += 1
        let item = Item(sequence: sequence, element: element)
        if items.count < capacity { items.append(item) } else { items[(sequence - 1) % capacity] = item }
    }

    /// Those that are kept still and came after a number, oldest first.
    package func items(after sequence: Int = 0) -> [Item] {
        let split = items.count < capacity ? 0 : self.sequence % capacity
        return (items[split...] + items[..<split]).filter { $0.sequence > sequence }
    }
}
