extension ObjectSchema {
    /// Types K to Z.
    static let typesFromKToZ = """
        KeyToPath: key string +; path string +; mode int32 ?
        LabelSelector: matchLabels {string; matchExpressions [@LabelSelectorRequirement
        LabelSelectorAttributes: rawSelector string; requirements [@LabelSelectorRequirement
        LabelSelectorRequirement: key string +; operator ~v1.LabelSelectorOperator +; values [string
        Lease: kind string; apiVersion string; metadata @ObjectMeta +; spec @LeaseSpec +
        LeaseSpec: holderIdentity string ?; leaseDurationSeconds int32 ?; acquireTime MicroTime ?; renewTime MicroTime \
        ?; leaseTransitions int32 ?; strategy ~v1.CoordinatedLeaseStrategy ?; preferredHolder string ?
        Lifecycle: postStart @LifecycleHandler ?; preStop @LifecycleHandler ?; stopSignal ~v1.Signal ?
        LifecycleHandler: exec @ExecAction ?; httpGet @HTTPGetAction ?; tcpSocket @TCPSocketAction ?; sleep \
        @SleepAction ?
        LinuxContainerUser: uid int64 +; gid int64 +; supplementalGroups [int64
        LocalObjectReference: name string
        ManagedFieldsEntry: manager string; operation ~v1.ManagedFieldsOperationType; apiVersion string; time Time ?; \
        fieldsType string; fieldsV1 FieldsV1 ?; subresource string
        MatchCondition: name string +; expression string +
        NFSVolumeSource: server string +; path string +; readOnly bool
        Namespace: kind string; apiVersion string; metadata @ObjectMeta +; spec @NamespaceSpec +; status \
        @NamespaceStatus +
        NamespaceCondition: type ~v1.NamespaceConditionType +; status ~v1.ConditionStatus +; lastTransitionTime Time +; \
        reason string; message string
        NamespaceSpec: finalizers [~v1.FinalizerName
        NamespaceStatus: phase ~v1.NamespacePhase; conditions [@NamespaceCondition !type#type
        Node: kind string; apiVersion string; metadata @ObjectMeta +; spec @NodeSpec +; status @NodeStatus +
        NodeAddress: type ~v1.NodeAddressType +; address string +
        NodeAffinity: requiredDuringSchedulingIgnoredDuringExecution @NodeSelector ?; \
        preferredDuringSchedulingIgnoredDuringExecution [@PreferredSchedulingTerm
        NodeAllocatableResourceClaimStatus: resourceClaimName string +; containers [string #; resources {Quantity +
        NodeCondition: type ~v1.NodeConditionType +; status ~v1.ConditionStatus +; lastHeartbeatTime Time +; \
        lastTransitionTime Time +; reason string; message string
        NodeConfigSource: configMap @ConfigMapNodeConfigSource ?
        NodeConfigStatus: assigned @NodeConfigSource ?; active @NodeConfigSource ?; lastKnownGood @NodeConfigSource ?; \
        error string
        NodeDaemonEndpoints: kubeletEndpoint @DaemonEndpoint +
        NodeFeatures: supplementalGroupsPolicy bool ?
        NodeRuntimeHandler: name string +; features @NodeRuntimeHandlerFeatures ?
        NodeRuntimeHandlerFeatures: recursiveReadOnlyMounts bool ?; userNamespaces bool ?
        NodeSelector: nodeSelectorTerms [@NodeSelectorTerm +
        NodeSelectorRequirement: key string +; operator ~v1.NodeSelectorOperator +; values [string
        NodeSelectorTerm: matchExpressions [@NodeSelectorRequirement; matchFields [@NodeSelectorRequirement
        NodeSpec: podCIDR string; podCIDRs [string !#; providerID string; unschedulable bool; taints [@Taint; \
        configSource @NodeConfigSource ?; externalID string
        NodeStatus: capacity {Quantity; allocatable {Quantity; phase ~v1.NodePhase; conditions [@NodeCondition \
        !type#type; addresses [@NodeAddress !type#type; daemonEndpoints @NodeDaemonEndpoints +; nodeInfo \
        @NodeSystemInfo +; images [@ContainerImage; volumesInUse [~v1.UniqueVolumeName; volumesAttached \
        [@AttachedVolume; config @NodeConfigStatus ?; runtimeHandlers [@NodeRuntimeHandler; features @NodeFeatures ?; \
        declaredFeatures [string
        NodeSwapStatus: capacity int64 ?
        NodeSystemInfo: machineID string +; systemUUID string +; bootID string +; kernelVersion string +; osImage \
        string +; containerRuntimeVersion string +; kubeletVersion string +; kubeProxyVersion string +; operatingSystem \
        string +; architecture string +; swap @NodeSwapStatus ?
        NonResourceAttributes: path string; verb string
        ObjectFieldSelector: apiVersion string; fieldPath string +
        ObjectMeta: name string; generateName string; namespace string; selfLink string; uid ~types.UID; \
        resourceVersion string; generation int64; creationTimestamp Time; deletionTimestamp Time ?; \
        deletionGracePeriodSeconds int64 ?; labels {string; annotations {string; ownerReferences [@OwnerReference \
        !uid#uid; finalizers [string !#; managedFields [@ManagedFieldsEntry
        ObjectReference: kind string; namespace string; name string; uid ~types.UID; apiVersion string; resourceVersion \
        string; fieldPath string
        OwnerReference: apiVersion string +; kind string +; name string +; uid ~types.UID +; controller bool ?; \
        blockOwnerDeletion bool ?
        PersistentVolumeClaimSpec: accessModes [~v1.PersistentVolumeAccessMode; selector @LabelSelector ?; resources \
        @VolumeResourceRequirements +; volumeName string; storageClassName string ?; volumeMode \
        ~v1.PersistentVolumeMode ?; dataSource @TypedLocalObjectReference ?; dataSourceRef @TypedObjectReference ?; \
        volumeAttributesClassName string ?
        PersistentVolumeClaimTemplate: metadata @ObjectMeta +; spec @PersistentVolumeClaimSpec +
        PersistentVolumeClaimVolumeSource: claimName string +; readOnly bool
        PhotonPersistentDiskVolumeSource: pdID string +; fsType string
        Pod: kind string; apiVersion string; metadata @ObjectMeta +; spec @PodSpec +; status @PodStatus +
        PodAffinity: requiredDuringSchedulingIgnoredDuringExecution [@PodAffinityTerm; \
        preferredDuringSchedulingIgnoredDuringExecution [@WeightedPodAffinityTerm
        PodAffinityTerm: labelSelector @LabelSelector ?; namespaces [string; topologyKey string +; namespaceSelector \
        @LabelSelector ?; matchLabelKeys [string; mismatchLabelKeys [string
        PodAntiAffinity: requiredDuringSchedulingIgnoredDuringExecution [@PodAffinityTerm; \
        preferredDuringSchedulingIgnoredDuringExecution [@WeightedPodAffinityTerm
        PodCertificateProjection: signerName string; keyType string; maxExpirationSeconds int32 ?; credentialBundlePath \
        string; keyPath string; certificateChainPath string; userAnnotations {string
        PodCondition: type ~v1.PodConditionType +; observedGeneration int64; status ~v1.ConditionStatus +; \
        lastProbeTime Time +; lastTransitionTime Time +; reason string; message string
        PodDNSConfig: nameservers [string; searches [string; options [@PodDNSConfigOption
        PodDNSConfigOption: name string; value string ?
        PodExtendedResourceClaimStatus: requestMappings [@ContainerExtendedResourceRequest +; resourceClaimName string \
        +
        PodIP: ip string +
        PodOS: name ~v1.OSName +
        PodReadinessGate: conditionType ~v1.PodConditionType +
        PodResourceClaim: name string +; resourceClaimName string ?; resourceClaimTemplateName string ?
        PodResourceClaimStatus: name string +; resourceClaimName string ?
        PodSchedulingGate: name string +
        PodSchedulingGroup: podGroupName string ?
        PodSecurityContext: seLinuxOptions @SELinuxOptions ?; windowsOptions @WindowsSecurityContextOptions ?; \
        runAsUser int64 ?; runAsGroup int64 ?; runAsNonRoot bool ?; supplementalGroups [int64; supplementalGroupsPolicy \
        ~v1.SupplementalGroupsPolicy ?; fsGroup int64 ?; sysctls [@Sysctl; fsGroupChangePolicy \
        ~v1.PodFSGroupChangePolicy ?; seccompProfile @SeccompProfile ?; appArmorProfile @AppArmorProfile ?; \
        seLinuxChangePolicy ~v1.PodSELinuxChangePolicy ?
        PodSpec: volumes [@Volume *!name#name; initContainers [@Container !name#name; containers [@Container \
        +!name#name; ephemeralContainers [@EphemeralContainer !name#name; restartPolicy ~v1.RestartPolicy; \
        terminationGracePeriodSeconds int64 ?; activeDeadlineSeconds int64 ?; dnsPolicy ~v1.DNSPolicy; nodeSelector \
        {string; serviceAccountName string; serviceAccount string; automountServiceAccountToken bool ?; nodeName \
        string; hostNetwork bool; hostPID bool; hostIPC bool; shareProcessNamespace bool ?; securityContext \
        @PodSecurityContext ?; imagePullSecrets [@LocalObjectReference !name#name; hostname string; subdomain string; \
        affinity @Affinity ?; schedulerName string; tolerations [@Toleration; hostAliases [@HostAlias !ip#ip; \
        priorityClassName string; priority int32 ?; dnsConfig @PodDNSConfig ?; readinessGates [@PodReadinessGate; \
        runtimeClassName string ?; enableServiceLinks bool ?; preemptionPolicy ~v1.PreemptionPolicy ?; overhead \
        {Quantity; topologySpreadConstraints [@TopologySpreadConstraint !topologyKey#topologyKey,whenUnsatisfiable; \
        setHostnameAsFQDN bool ?; os @PodOS ?; hostUsers bool ?; schedulingGates [@PodSchedulingGate !name#name; \
        resourceClaims [@PodResourceClaim *!name#name; resources @ResourceRequirements ?; hostnameOverride string ?; \
        schedulingGroup @PodSchedulingGroup ?
        PodStatus: observedGeneration int64; phase ~v1.PodPhase; conditions [@PodCondition !type#type; message string; \
        reason string; nominatedNodeName string; hostIP string; hostIPs [@HostIP !ip; podIP string; podIPs [@PodIP \
        !ip#ip; startTime Time ?; initContainerStatuses [@ContainerStatus; containerStatuses [@ContainerStatus; \
        qosClass ~v1.PodQOSClass; ephemeralContainerStatuses [@ContainerStatus; resize ~v1.PodResizeStatus; \
        resourceClaimStatuses [@PodResourceClaimStatus *!name#name; extendedResourceClaimStatus \
        @PodExtendedResourceClaimStatus ?; allocatedResources {Quantity; resources @ResourceRequirements ?; \
        nodeAllocatableResourceClaimStatuses [@NodeAllocatableResourceClaimStatus
        PortworxVolumeSource: volumeID string +; fsType string; readOnly bool
        Preconditions: uid ~types.UID ?; resourceVersion string ?
        PreferredSchedulingTerm: weight int32 +; preference @NodeSelectorTerm +
        Probe: exec @ExecAction ?; httpGet @HTTPGetAction ?; tcpSocket @TCPSocketAction ?; grpc @GRPCAction ?; \
        initialDelaySeconds int32; timeoutSeconds int32; periodSeconds int32; successThreshold int32; failureThreshold \
        int32; terminationGracePeriodSeconds int64 ?
        ProjectedVolumeSource: sources [@VolumeProjection +; defaultMode int32 ?
        QuobyteVolumeSource: registry string +; volume string +; readOnly bool; user string; group string; tenant \
        string
        RBDVolumeSource: monitors [string +; image string +; fsType string; pool string; user string; keyring string; \
        secretRef @LocalObjectReference ?; readOnly bool
        ResourceAttributes: namespace string; verb string; group string; version string; resource string; subresource \
        string; name string; fieldSelector @FieldSelectorAttributes ?; labelSelector @LabelSelectorAttributes ?
        ResourceClaim: name string +; request string
        ResourceFieldSelector: containerName string; resource string +; divisor Quantity
        ResourceHealth: resourceID ~v1.ResourceID +; health ~v1.ResourceHealthStatus; message string ?
        ResourceQuota: kind string; apiVersion string; metadata @ObjectMeta +; spec @ResourceQuotaSpec +; status \
        @ResourceQuotaStatus +
        ResourceQuotaSpec: hard {Quantity; scopes [~v1.ResourceQuotaScope; scopeSelector @ScopeSelector ?
        ResourceQuotaStatus: hard {Quantity; used {Quantity
        ResourceRequirements: limits {Quantity; requests {Quantity; claims [@ResourceClaim #name
        ResourceStatus: name ~v1.ResourceName +; resources [@ResourceHealth #resourceID
        RuleWithOperations: operations [~v1.OperationType; apiGroups [string; apiVersions [string; resources [string; scope \
        ~v1.ScopeType ?
        SELinuxOptions: user string; role string; type string; level string
        ScaleIOVolumeSource: gateway string +; system string +; secretRef @LocalObjectReference ?; sslEnabled bool; \
        protectionDomain string; storagePool string; storageMode string; volumeName string; fsType string; readOnly \
        bool
        ScopeSelector: matchExpressions [@ScopedResourceSelectorRequirement
        ScopedResourceSelectorRequirement: scopeName ~v1.ResourceQuotaScope +; operator ~v1.ScopeSelectorOperator +; \
        values [string
        SeccompProfile: type ~v1.SeccompProfileType +; localhostProfile string ?
        Secret: kind string; apiVersion string; metadata @ObjectMeta +; immutable bool ?; data {bytes; stringData \
        {string; type ~v1.SecretType
        SecretEnvSource: name string; optional bool ?
        SecretKeySelector: name string; key string +; optional bool ?
        SecretProjection: name string; items [@KeyToPath; optional bool ?
        SecretVolumeSource: secretName string; items [@KeyToPath; defaultMode int32 ?; optional bool ?
        SecurityContext: capabilities @Capabilities ?; privileged bool ?; seLinuxOptions @SELinuxOptions ?; \
        windowsOptions @WindowsSecurityContextOptions ?; runAsUser int64 ?; runAsGroup int64 ?; runAsNonRoot bool ?; \
        readOnlyRootFilesystem bool ?; allowPrivilegeEscalation bool ?; procMount ~v1.ProcMountType ?; seccompProfile \
        @SeccompProfile ?; appArmorProfile @AppArmorProfile ?
        SelfSubjectAccessReview: kind string; apiVersion string; metadata @ObjectMeta +; spec \
        @SelfSubjectAccessReviewSpec +; status @SubjectAccessReviewStatus +
        SelfSubjectAccessReviewSpec: resourceAttributes @ResourceAttributes ?; nonResourceAttributes \
        @NonResourceAttributes ?
        ServiceAccount: kind string; apiVersion string; metadata @ObjectMeta +; secrets [@ObjectReference !name#name; \
        imagePullSecrets [@LocalObjectReference; automountServiceAccountToken bool ?
        ServiceAccountTokenProjection: audience string; expirationSeconds int64 ?; path string +
        ServiceReference: namespace string +; name string +; path string ?; port int32 ?
        SleepAction: seconds int64 +
        StorageOSVolumeSource: volumeName string; volumeNamespace string; fsType string; readOnly bool; secretRef \
        @LocalObjectReference ?
        SubjectAccessReviewStatus: allowed bool +; denied bool; reason string; evaluationError string
        Sysctl: name string +; value string +
        TCPSocketAction: port IntOrString +; host string
        Taint: key string +; value string; effect ~v1.TaintEffect +; timeAdded Time ?
        Toleration: key string; operator ~v1.TolerationOperator; value string; effect ~v1.TaintEffect; \
        tolerationSeconds int64 ?
        TopologySpreadConstraint: maxSkew int32 +; topologyKey string +; whenUnsatisfiable \
        ~v1.UnsatisfiableConstraintAction +; labelSelector @LabelSelector ?; minDomains int32 ?; nodeAffinityPolicy \
        ~v1.NodeInclusionPolicy ?; nodeTaintsPolicy ~v1.NodeInclusionPolicy ?; matchLabelKeys [string
        TypedLocalObjectReference: apiGroup string ?; kind string +; name string +
        TypedObjectReference: apiGroup string ?; kind string +; name string +; namespace string ?
        ValidatingWebhook: name string +; clientConfig @WebhookClientConfig +; rules [@RuleWithOperations; failurePolicy \
        ~v1.FailurePolicyType ?; matchPolicy ~v1.MatchPolicyType ?; namespaceSelector @LabelSelector ?; objectSelector \
        @LabelSelector ?; sideEffects ~v1.SideEffectClass ?; timeoutSeconds int32 ?; admissionReviewVersions [string +; \
        matchConditions [@MatchCondition !name#name
        ValidatingWebhookConfiguration: kind string; apiVersion string; metadata @ObjectMeta +; webhooks \
        [@ValidatingWebhook !name#name
        Volume: name string +; hostPath @HostPathVolumeSource ?; emptyDir @EmptyDirVolumeSource ?; gcePersistentDisk \
        @GCEPersistentDiskVolumeSource ?; awsElasticBlockStore @AWSElasticBlockStoreVolumeSource ?; gitRepo \
        @GitRepoVolumeSource ?; secret @SecretVolumeSource ?; nfs @NFSVolumeSource ?; iscsi @ISCSIVolumeSource ?; \
        glusterfs @GlusterfsVolumeSource ?; persistentVolumeClaim @PersistentVolumeClaimVolumeSource ?; rbd \
        @RBDVolumeSource ?; flexVolume @FlexVolumeSource ?; cinder @CinderVolumeSource ?; cephfs @CephFSVolumeSource ?; \
        flocker @FlockerVolumeSource ?; downwardAPI @DownwardAPIVolumeSource ?; fc @FCVolumeSource ?; azureFile \
        @AzureFileVolumeSource ?; configMap @ConfigMapVolumeSource ?; vsphereVolume @VsphereVirtualDiskVolumeSource ?; \
        quobyte @QuobyteVolumeSource ?; azureDisk @AzureDiskVolumeSource ?; photonPersistentDisk \
        @PhotonPersistentDiskVolumeSource ?; projected @ProjectedVolumeSource ?; portworxVolume @PortworxVolumeSource \
        ?; scaleIO @ScaleIOVolumeSource ?; storageos @StorageOSVolumeSource ?; csi @CSIVolumeSource ?; ephemeral \
        @EphemeralVolumeSource ?; image @ImageVolumeSource ?
        VolumeDevice: name string +; devicePath string +
        VolumeMount: name string +; readOnly bool; recursiveReadOnly ~v1.RecursiveReadOnlyMode ?; mountPath string +; \
        subPath string; mountPropagation ~v1.MountPropagationMode ?; subPathExpr string
        VolumeMountStatus: name string +; mountPath string +; readOnly bool; recursiveReadOnly \
        ~v1.RecursiveReadOnlyMode ?; volumeStatus @VolumeStatus ?
        VolumeProjection: secret @SecretProjection ?; downwardAPI @DownwardAPIProjection ?; configMap \
        @ConfigMapProjection ?; serviceAccountToken @ServiceAccountTokenProjection ?; clusterTrustBundle \
        @ClusterTrustBundleProjection ?; podCertificate @PodCertificateProjection ?
        VolumeResourceRequirements: limits {Quantity; requests {Quantity
        VolumeStatus: image @ImageVolumeStatus ?
        VsphereVirtualDiskVolumeSource: volumePath string +; fsType string; storagePolicyName string; storagePolicyID \
        string
        WebhookClientConfig: url string ?; service @ServiceReference ?; caBundle bytes
        WeightedPodAffinityTerm: weight int32 +; podAffinityTerm @PodAffinityTerm +
        WindowsSecurityContextOptions: gmsaCredentialSpecName string ?; gmsaCredentialSpec string ?; runAsUserName \
        string ?; hostProcess bool ?
        """
}
