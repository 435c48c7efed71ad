import Foundation
import Logging

/// Where the parts of Boreas log to: stderr, and only warnings, unless BOREAS_LOG asks for more.
enum Log {
    static let logger: Logger = {
        var logger = Logger(label: "boreas") { StreamLogHandler.standardError(label: $0) }
        let level = ProcessInfo.processInfo.environment["BOREAS_LOG"].flatMap(Logger.Level.init(rawValue:))
        logger.logLevel = level ?? .warning
        return logger
    }()
}
