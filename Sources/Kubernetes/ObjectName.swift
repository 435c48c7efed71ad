/// The rules for names, labels and keys, with the words in which API servers refuse what breaks them.
/// https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
package enum ObjectName {
    private static let label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
    private static let labelKey = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"

    /// Errors of a name that must be an RFC 1123 subdomain; none where it is one.
    package static func subdomainErrors(_ text: String) -> [String] {
        if isSubdomain(text[...]) { return [] }
        var errors: [String] = []
        if text.utf8.count > 253 { errors.append("must be no more than 253 bytes") }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        if !parts.allSatisfy(isLabel) {
            errors.append(
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
                    + "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
                    + "'\(label)(\\.\(label))*')")
        }
        return errors
    }

    /// Errors of a name that must be an RFC 1123 label.
    package static func labelErrors(_ text: String) -> [String] {
        var errors: [String] = []
        if text.utf8.count > 63 { errors.append("must be no more than 63 bytes") }
        if !isLabel(text[...]) {
            errors.append(
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
                    + "end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
                    + "'\(label)')")
        }
        return errors
    }

    /// Errors of a key of a ConfigMap or Secret.
    package static func configKeyErrors(_ text: String) -> [String] {
        var errors: [String] = []
        if text.utf8.count > 253 { errors.append("must be no more than 253 bytes") }
        if text.isEmpty || !text.utf8.allSatisfy({ isAlphanumeric($0) || isMark($0) }) {
            errors.append(
                "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
                    + "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')")
        } else if text == "." {
            errors.append("must not be '.'")
        } else if text.hasPrefix("..") {
            errors.append(text == ".." ? "must not be '..'" : "must not start with '..'")
        }
        return errors
    }

    /// What is wrong with a label's key (a "qualified name"); nil where nothing is.
    package static func labelKeyError(_ text: String) -> String? {
        isLabelKey(text) ? nil : whyNoLabelKey(text)
    }

    private static func isLabelKey(_ text: String) -> Bool {
        var name = text[...]
        if let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) {
            guard isSubdomain(text[..<slash]) else { return false }
            name = text[text.utf8.index(after: slash)...]
        }
        return name.utf8.count <= 63 && isQualifiedPart(name)
    }

    private static func whyNoLabelKey(_ text: String) -> String {
        let examples = "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '\(labelKey)')"
        let rule =
            "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
            + "character \(examples)"
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2 else {
            return "a valid label key \(rule) with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        }
        var errors: [String] = []
        if parts.count == 2 {
            if parts[0].isEmpty {
                errors.append("prefix part must be non-empty")
            } else {
                errors += subdomainErrors(String(parts[0])).map { "prefix part \($0)" }
            }
        }
        let name = parts.last ?? ""
        if name.isEmpty {
            errors.append("name part must be non-empty")
        } else if name.utf8.count > 63 {
            errors.append("name part must be no more than 63 bytes")
        }
        if !isQualifiedPart(name) { errors.append("name part \(rule)") }
        return errors.joined(separator: "; ")
    }

    /// What is wrong with a label's value; nil where nothing is.
    package static func labelValueError(_ text: String) -> String? {
        if text.isEmpty || (text.utf8.count <= 63 && isQualifiedPart(text[...])) { return nil }
        var errors: [String] = []
        if text.utf8.count > 63 { errors.append("must be no more than 63 bytes") }
        if !isQualifiedPart(text[...]) {
            errors.append(
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
                    + "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex "
                    + "used for validation is '(\(labelKey))?')")
        }
        return errors.isEmpty ? nil : errors.joined(separator: "; ")
    }

    /// Labels with a dot between each two of them, 253 bytes at most.
    private static func isSubdomain(_ text: Substring) -> Bool {
        guard text.utf8.count <= 253 else { return false }
        // Beside a dot, or an end, stands an alphanumeric character.
        var last = UInt8(ascii: ".")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "."): guard isLowercaseAlphanumeric(last) else { return false }
            case UInt8(ascii: "-"): guard last != UInt8(ascii: ".") else { return false }
            default: guard isLowercaseAlphanumeric(byte) else { return false }
            }
            last = byte
        }
        return isLowercaseAlphanumeric(last)
    }

    private static func isLabel(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return false }
        return isLowercaseAlphanumeric(first) && isLowercaseAlphanumeric(last)
            && text.utf8.allSatisfy { isLowercaseAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isQualifiedPart(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && text.utf8.allSatisfy { isAlphanumeric($0) || isMark($0) }
    }

    private static func isMark(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
    }

    private static func isLowercaseAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowercaseAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}
