extension ObjectSchema {
    /// One type a line; the form is that of ``init(line:)``.
    static var builtInTypes: String { typesFromAToJ + "\n" + typesFromKToZ }

    /// Types A to J, from the struct tags of k8s.io/api and k8s.io/apimachinery, v1.36.
    static let typesFromAToJ = """
        AWSElasticBlockStoreVolumeSource: volumeID string +; fsType string; partition int32; readOnly bool
        Affinity: nodeAffinity @NodeAffinity ?; podAffinity @PodAffinity ?; podAntiAffinity @PodAntiAffinity ?
        AppArmorProfile: type ~v1.AppArmorProfileType +; localhostProfile string ?
        AttachedVolume: name ~v1.UniqueVolumeName +; devicePath string +
        AzureDiskVolumeSource: diskName string +; diskURI string +; cachingMode ~v1.AzureDataDiskCachingMode ?; fsType \
        string ?; readOnly bool ?; kind ~v1.AzureDataDiskKind ?
        AzureFileVolumeSource: secretName string +; shareName string +; readOnly bool
        Binding: kind string; apiVersion string; metadata @ObjectMeta +; target @ObjectReference +
        CSIVolumeSource: driver string +; readOnly bool ?; fsType string ?; volumeAttributes {string; \
        nodePublishSecretRef @LocalObjectReference ?
        Capabilities: add [~v1.Capability; drop [~v1.Capability
        CephFSVolumeSource: monitors [string +; path string; user string; secretFile string; secretRef \
        @LocalObjectReference ?; readOnly bool
        CinderVolumeSource: volumeID string +; fsType string; readOnly bool; secretRef @LocalObjectReference ?
        ClusterTrustBundleProjection: name string ?; signerName string ?; labelSelector @LabelSelector ?; optional bool \
        ?; path string +
        ConfigMap: kind string; apiVersion string; metadata @ObjectMeta +; immutable bool ?; data {string; binaryData \
        {bytes
        ConfigMapEnvSource: name string; optional bool ?
        ConfigMapKeySelector: name string; key string +; optional bool ?
        ConfigMapNodeConfigSource: namespace string +; name string +; uid ~types.UID; resourceVersion string; \
        kubeletConfigKey string +
        ConfigMapProjection: name string; items [@KeyToPath; optional bool ?
        ConfigMapVolumeSource: name string; items [@KeyToPath; defaultMode int32 ?; optional bool ?
        Container: name string +; image string; command [string; args [string; workingDir string; ports [@ContainerPort \
        !containerPort#containerPort,protocol; envFrom [@EnvFromSource; env [@EnvVar !name#name; resources \
        @ResourceRequirements +; resizePolicy [@ContainerResizePolicy; restartPolicy ~v1.ContainerRestartPolicy ?; \
        restartPolicyRules [@ContainerRestartRule; volumeMounts [@VolumeMount !mountPath#mountPath; volumeDevices \
        [@VolumeDevice !devicePath#devicePath; livenessProbe @Probe ?; readinessProbe @Probe ?; startupProbe @Probe ?; \
        lifecycle @Lifecycle ?; terminationMessagePath string; terminationMessagePolicy ~v1.TerminationMessagePolicy; \
        imagePullPolicy ~v1.PullPolicy; securityContext @SecurityContext ?; stdin bool; stdinOnce bool; tty bool
        ContainerExtendedResourceRequest: containerName string +; resourceName string +; requestName string +
        ContainerImage: names [string +; sizeBytes int64
        ContainerPort: name string; hostPort int32; containerPort int32 +; protocol ~v1.Protocol; hostIP string
        ContainerResizePolicy: resourceName ~v1.ResourceName +; restartPolicy ~v1.ResourceResizeRestartPolicy +
        ContainerRestartRule: action ~v1.ContainerRestartRuleAction; exitCodes @ContainerRestartRuleOnExitCodes ?
        ContainerRestartRuleOnExitCodes: operator ~v1.ContainerRestartRuleOnExitCodesOperator; values [int32 #
        ContainerState: waiting @ContainerStateWaiting ?; running @ContainerStateRunning ?; terminated \
        @ContainerStateTerminated ?
        ContainerStateRunning: startedAt Time +
        ContainerStateTerminated: exitCode int32 +; signal int32; reason string; message string; startedAt Time +; \
        finishedAt Time +; containerID string
        ContainerStateWaiting: reason string; message string
        ContainerStatus: name string +; state @ContainerState +; lastState @ContainerState +; ready bool +; \
        restartCount int32 +; image string +; imageID string +; containerID string; started bool ?; allocatedResources \
        {Quantity; resources @ResourceRequirements ?; volumeMounts [@VolumeMountStatus !mountPath#mountPath; user \
        @ContainerUser ?; allocatedResourcesStatus [@ResourceStatus !name#name; stopSignal ~v1.Signal ?
        ContainerUser: linux @LinuxContainerUser ?
        DaemonEndpoint: Port int32 +
        DeleteOptions: kind string; apiVersion string; gracePeriodSeconds int64 ?; preconditions @Preconditions ?; \
        orphanDependents bool ?; propagationPolicy ~v1.DeletionPropagation ?; dryRun [string; \
        ignoreStoreReadErrorWithClusterBreakingPotential bool ?
        DownwardAPIProjection: items [@DownwardAPIVolumeFile
        DownwardAPIVolumeFile: path string +; fieldRef @ObjectFieldSelector ?; resourceFieldRef @ResourceFieldSelector \
        ?; mode int32 ?
        DownwardAPIVolumeSource: items [@DownwardAPIVolumeFile; defaultMode int32 ?
        EmptyDirVolumeSource: medium ~v1.StorageMedium; sizeLimit Quantity ?
        EnvFromSource: prefix string; configMapRef @ConfigMapEnvSource ?; secretRef @SecretEnvSource ?
        EnvVar: name string +; value string; valueFrom @EnvVarSource ?
        EnvVarSource: fieldRef @ObjectFieldSelector ?; resourceFieldRef @ResourceFieldSelector ?; configMapKeyRef \
        @ConfigMapKeySelector ?; secretKeyRef @SecretKeySelector ?; fileKeyRef @FileKeySelector ?
        EphemeralContainer: name string +; image string; command [string; args [string; workingDir string; ports \
        [@ContainerPort !containerPort#containerPort,protocol; envFrom [@EnvFromSource; env [@EnvVar !name#name; \
        resources @ResourceRequirements +; resizePolicy [@ContainerResizePolicy; restartPolicy \
        ~v1.ContainerRestartPolicy ?; restartPolicyRules [@ContainerRestartRule; volumeMounts [@VolumeMount \
        !mountPath#mountPath; volumeDevices [@VolumeDevice !devicePath#devicePath; livenessProbe @Probe ?; \
        readinessProbe @Probe ?; startupProbe @Probe ?; lifecycle @Lifecycle ?; terminationMessagePath string; \
        terminationMessagePolicy ~v1.TerminationMessagePolicy; imagePullPolicy ~v1.PullPolicy; securityContext \
        @SecurityContext ?; stdin bool; stdinOnce bool; tty bool; targetContainerName string
        EphemeralVolumeSource: volumeClaimTemplate @PersistentVolumeClaimTemplate ?
        Event: kind string; apiVersion string; metadata @ObjectMeta +; involvedObject @ObjectReference +; reason \
        string; message string; source @EventSource +; firstTimestamp Time +; lastTimestamp Time +; count int32; type \
        string; eventTime MicroTime +; series @EventSeries ?; action string; related @ObjectReference ?; \
        reportingComponent string +; reportingInstance string +
        EventSeries: count int32; lastObservedTime MicroTime +
        EventSource: component string; host string
        EventsEvent: kind string; apiVersion string; metadata @ObjectMeta +; eventTime MicroTime +; series \
        @EventsEventSeries ?; reportingController string; reportingInstance string; action string; reason string; \
        regarding @ObjectReference +; related @ObjectReference ?; note string; type string; deprecatedSource \
        @EventSource +; deprecatedFirstTimestamp Time +; deprecatedLastTimestamp Time +; deprecatedCount int32
        EventsEventSeries: count int32 +; lastObservedTime MicroTime +
        Eviction: kind string; apiVersion string; metadata @ObjectMeta +; deleteOptions @DeleteOptions ?
        ExecAction: command [string
        FCVolumeSource: targetWWNs [string; lun int32 ?; fsType string; readOnly bool; wwids [string
        FieldSelectorAttributes: rawSelector string; requirements [@FieldSelectorRequirement
        FieldSelectorRequirement: key string +; operator ~v1.FieldSelectorOperator +; values [string
        FileKeySelector: volumeName string +; path string +; key string +; optional bool ?
        FlexVolumeSource: driver string +; fsType string; secretRef @LocalObjectReference ?; readOnly bool; options \
        {string
        FlockerVolumeSource: datasetName string; datasetUUID string
        GCEPersistentDiskVolumeSource: pdName string +; fsType string; partition int32; readOnly bool
        GRPCAction: port int32 +; service string ?
        GitRepoVolumeSource: repository string +; revision string; directory string
        GlusterfsVolumeSource: endpoints string +; path string +; readOnly bool
        HTTPGetAction: path string; port IntOrString +; host string; scheme ~v1.URIScheme; httpHeaders [@HTTPHeader
        HTTPHeader: name string +; value string +
        HostAlias: ip string +; hostnames [string
        HostIP: ip string +
        HostPathVolumeSource: path string +; type ~v1.HostPathType ?
        ISCSIVolumeSource: targetPortal string +; iqn string +; lun int32 +; iscsiInterface string; fsType string; \
        readOnly bool; portals [string; chapAuthDiscovery bool; chapAuthSession bool; secretRef @LocalObjectReference \
        ?; initiatorName string ?
        ImageVolumeSource: reference string; pullPolicy ~v1.PullPolicy
        ImageVolumeStatus: imageRef string
        """
}
