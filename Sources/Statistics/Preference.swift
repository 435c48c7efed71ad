/// Which way a value is good.
package enum Preference: Hashable, Sendable {
    case higher
    case lower
}
