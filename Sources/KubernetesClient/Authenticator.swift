import FoundationEssentials
package import Kubernetes
import Subprocess

/// What a request carries to prove who sends it.
struct Credentials: Hashable, Sendable {
    /// The value of the header Authorization.
    var authorization: String?
    /// In place of the certificate that the connection was configured with.
    var clientCertificate: [UInt8]?
    var clientKey: [UInt8]?
}

/// Keeps the credentials of one connection, and renews those that age.
enum Authenticator: Sendable {
    case fixed(Credentials)
    case tokenFile(PosixLock<TokenFile>)
    case exec(ExecCredentialSource)

    init(_ authentication: ClusterConnection.Authentication) {
        switch authentication {
        case .none: self = .fixed(Credentials())
        case .token(let token): self = .fixed(Credentials(authorization: "Bearer \(token)"))
        case .basic(let username, let password):
            let pair = Data("\(username):\(password)".utf8).base64EncodedString()
            self = .fixed(Credentials(authorization: "Basic \(pair)"))
        case .tokenFile(let path, let fallback):
            self = .tokenFile(PosixLock(TokenFile(path: path, fallback: fallback)))
        case .exec(let plugin): self = .exec(ExecCredentialSource(plugin))
        }
    }

    func credentials(now: Timestamp) async throws -> Credentials {
        switch self {
        case .fixed(let credentials): return credentials
        case .tokenFile(let file):
            let token = try file.withLock { file throws(CredentialError) in
                try file.token(now: now) { FileManager.default.contents(atPath: $0).map(Array.init) }
            }
            return Credentials(authorization: "Bearer \(token)")
        case .exec(let source): return try await source.credentials(now: now)
        }
    }

    /// The server answered 401 to these credentials.
    func rejected(_ credentials: Credentials) async {
        if case .exec(let source) = self { await source.rejected(credentials) }
    }
}

/// The token in a file that something else rotates, as the kubelet does a service account's.
package struct TokenFile: Sendable {
    /// client-go reads the file once a minute, and 10 s before the minute is over (transport/token_source.go).
    private static let period: Duration = .seconds(50)

    private let path: String
    private var token: String?
    private var readAt: Timestamp?

    package init(path: String, fallback: String? = nil) {
        self.path = path
        token = fallback
    }

    /// The token; a file that cannot be read any more leaves the old one in use.
    package mutating func token(
        now: Timestamp, read: (String) -> [UInt8]?
    ) throws(CredentialError) -> String {
        if let token, let readAt, now - readAt < Self.period { return token }
        let text = read(path).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let fresh = text.split(whereSeparator: \.isWhitespace).joined()
        if !fresh.isEmpty {
            token = fresh
            readAt = now
        }
        guard let token else { throw CredentialError("the token file \(path) cannot be read, or is empty") }
        return token
    }
}

/// Runs a credential plugin when there is no credential, when it has expired, and once after the server refused it.
///
/// Invariant: one run at a time; whoever comes meanwhile waits for its result. An actor, because a run takes time and
/// has to be serial; the state is looked at again after each wait.
actor ExecCredentialSource {
    private static let outputBytesMax = 1 << 20

    private let plugin: ExecPlugin
    private var current: ExecCredential?
    private var isRunning = false
    private var waiters: [CheckedContinuation<Void, Never>] = []

    init(_ plugin: ExecPlugin) { self.plugin = plugin }

    func credentials(now: Timestamp) async throws -> Credentials {
        while isRunning { await withCheckedContinuation { waiters.append($0) } }
        if let current, current.isFresh(at: now) { return Credentials(current) }
        isRunning = true
        defer {
            isRunning = false
            for waiter in waiters { waiter.resume() }
            waiters = []
        }
        let fresh = try await run()
        current = fresh
        return Credentials(fresh)
    }

    func rejected(_ credentials: Credentials) {
        // Those of an older run say nothing against the current one.
        if let current, Credentials(current) == credentials { self.current = nil }
    }

    /// Subprocess's path type belongs to a package that this one does not name.
    private static func path<Path: ExpressibleByStringLiteral>(_ text: String) -> Path
    where Path.StringLiteralType == String {
        Path(stringLiteral: text)
    }

    private func run() async throws -> ExecCredential {
        var additions: [Environment.Key: String?] = ["KUBERNETES_EXEC_INFO": JSONValue.object(plugin.input).text]
        for (name, value) in plugin.environment { additions[Environment.Key(stringLiteral: name)] = value }
        let executable: Executable =
            plugin.command.contains("/")
            ? .path(Self.path(plugin.command)) : .name(plugin.command)
        do {
            let result = try await Subprocess.run(
                executable, arguments: Arguments(plugin.arguments), environment: .inherit.updating(additions),
                output: .bytes(limit: Self.outputBytesMax), error: .bytes(limit: Self.outputBytesMax))
            guard result.terminationStatus.isSuccess else {
                let words = String(decoding: result.standardError.prefix(2_000), as: UTF8.self)
                throw CredentialError(
                    "executable \(plugin.command) failed with \(result.terminationStatus): \(words)")
            }
            return try ExecCredential(parsing: result.standardOutput, apiVersion: plugin.apiVersion)
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            let hint = plugin.installHint.isEmpty ? "" : "\n\n\(plugin.installHint)"
            throw CredentialError("executable \(plugin.command) cannot be run: \(error)\(hint)")
        }
    }
}

extension Credentials {
    fileprivate init(_ credential: ExecCredential) {
        authorization = credential.token.map { "Bearer \($0)" }
        clientCertificate = credential.clientCertificate
        clientKey = credential.clientKey
    }
}
