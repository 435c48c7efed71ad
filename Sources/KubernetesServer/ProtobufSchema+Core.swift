extension ProtobufSchema {
    /// The rest of `k8s.io/api/core/v1`.
    static let core = """
        Namespace: 1 metadata ObjectMeta, 2 spec NamespaceSpec, 3 status NamespaceStatus
        NamespaceSpec: 1 finalizers [string]
        NamespaceStatus: 1 phase, 2 conditions [NamespaceCondition]
        NamespaceCondition: 1 type!, 2 status!, 4 lastTransitionTime time, 5 reason, 6 message
        ConfigMap: 1 metadata ObjectMeta, 2 data {string}, 3 binaryData {bytes}, 4 immutable bool!
        Secret: 1 metadata ObjectMeta, 2 data {bytes}, 3 type, 4 stringData {string}, 5 immutable bool!
        ResourceQuota: 1 metadata ObjectMeta, 2 spec ResourceQuotaSpec, 3 status ResourceQuotaStatus
        ResourceQuotaSpec: 1 hard {quantity}, 2 scopes [string], 3 scopeSelector ScopeSelector!
        ScopeSelector: 1 matchExpressions [ScopedResourceSelectorRequirement]
        ScopedResourceSelectorRequirement: 1 scopeName!, 2 operator!, 3 values [string]
        ResourceQuotaStatus: 1 hard {quantity}, 2 used {quantity}
        Event: 1 metadata ObjectMeta, 2 involvedObject ObjectReference, 3 reason, 4 message, 5 source EventSource, \
          6 firstTimestamp time, 7 lastTimestamp time, 8 count int, 9 type, 10 eventTime microTime, \
          11 series EventSeries!, 12 action, 13 related ObjectReference!, 14 reportingComponent!, \
          15 reportingInstance!
        ObjectReference: 1 kind, 2 namespace, 3 name, 4 uid, 5 apiVersion, 6 resourceVersion, 7 fieldPath
        EventSource: 1 component, 2 host
        EventSeries: 1 count int, 2 lastObservedTime microTime
        ServiceAccount: 1 metadata ObjectMeta, 2 secrets [ObjectReference], \
          3 imagePullSecrets [LocalObjectReference], 4 automountServiceAccountToken bool!
        Node: 1 metadata ObjectMeta, 2 spec NodeSpec, 3 status NodeStatus
        NodeSpec: 1 podCIDR, 2 externalID, 3 providerID, 4 unschedulable bool, 5 taints [Taint], \
          6 configSource NodeConfigSource!, 7 podCIDRs [string]
        Taint: 1 key!, 2 value, 3 effect!, 4 timeAdded time!
        NodeConfigSource: 2 configMap ConfigMapNodeConfigSource!
        ConfigMapNodeConfigSource: 1 namespace!, 2 name!, 3 uid, 4 resourceVersion, 5 kubeletConfigKey!
        NodeStatus: 1 capacity {quantity}, 2 allocatable {quantity}, 3 phase, 4 conditions [NodeCondition], \
          5 addresses [NodeAddress], 6 daemonEndpoints NodeDaemonEndpoints, 7 nodeInfo NodeSystemInfo, \
          8 images [ContainerImage], 9 volumesInUse [string], 10 volumesAttached [AttachedVolume], \
          11 config NodeConfigStatus!, 12 runtimeHandlers [NodeRuntimeHandler], 13 features NodeFeatures!, \
          14 declaredFeatures [string]
        NodeCondition: 1 type!, 2 status!, 3 lastHeartbeatTime time, 4 lastTransitionTime time, 5 reason, 6 message
        NodeAddress: 1 type!, 2 address!
        NodeDaemonEndpoints: 1 kubeletEndpoint DaemonEndpoint
        DaemonEndpoint: 1 Port int!
        NodeSystemInfo: 1 machineID!, 2 systemUUID!, 3 bootID!, 4 kernelVersion!, 5 osImage!, \
          6 containerRuntimeVersion!, 7 kubeletVersion!, 8 kubeProxyVersion!, 9 operatingSystem!, 10 architecture!, \
          11 swap NodeSwapStatus!
        NodeSwapStatus: 1 capacity int!
        ContainerImage: 1 names [string], 2 sizeBytes int
        AttachedVolume: 1 name!, 2 devicePath!
        NodeConfigStatus: 1 assigned NodeConfigSource!, 2 active NodeConfigSource!, \
          3 lastKnownGood NodeConfigSource!, 4 error
        NodeRuntimeHandler: 1 name!, 2 features NodeRuntimeHandlerFeatures!
        NodeRuntimeHandlerFeatures: 1 recursiveReadOnlyMounts bool!, 2 userNamespaces bool!
        NodeFeatures: 1 supplementalGroupsPolicy bool!
        PodTemplateSpec: 1 metadata ObjectMeta, 2 spec PodSpec
        Binding: 1 metadata ObjectMeta, 2 target ObjectReference
        """
}
