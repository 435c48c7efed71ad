import Foundation

/// A time zone of the IANA data base: how far its clocks are ahead of UTC, and when.
package struct CronZone: Hashable, Sendable {
    /// `Europe/Berlin`.
    package let name: String
    /// Nil is UTC, whose offset needs no look-up.
    private let zone: TimeZone?

    /// Where a CronWorkflow names no zone; the machine's own would make its ticks depend on where it is run.
    package static let utc = CronZone("UTC", nil)

    private init(_ name: String, _ zone: TimeZone?) {
        self.name = name
        self.zone = zone
    }

    /// - Returns: Nil where there is no zone of that name.
    package init?(_ name: String) {
        if ["", "UTC", "Etc/UTC"].contains(name) {
            self = .utc
            return
        }
        // Foundation reads `GMT+2` and the like, which are in no data base.
        let isOffset = name.hasPrefix("GMT") && name != "GMT"
        guard !isOffset, let zone = TimeZone(identifier: name) else { return nil }
        self.init(name, zone)
    }

    /// Seconds ahead of UTC at a moment.
    ///
    /// - Parameter seconds: Since 1970.
    func offset(at seconds: Int64) -> Int64 {
        guard let zone else { return 0 }
        return Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))))
    }
}
