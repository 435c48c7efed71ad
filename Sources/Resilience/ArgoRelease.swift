/// The releases of Argo Workflows at which its list of transient errors grew.
package enum ArgoRelease: String, Hashable, Sendable, CaseIterable, Comparable {
    case v3_4_17 = "v3.4.17"
    case v3_5_8 = "v3.5.8"
    case v3_6_0 = "v3.6.0"
    case v3_7_0 = "v3.7.0"
    case v3_7_18 = "v3.7.18"
    case v4_0_10 = "v4.0.10"
    case v4_1_2 = "v4.1.2"

    package static func < (left: ArgoRelease, right: ArgoRelease) -> Bool { left.order < right.order }

    private var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
