extension ProtobufSchema {
    /// Metadata, options, and the groups batch, coordination, events, authorization, policy and admissionregistration.
    static let groups = """
        ObjectMeta: 1 name, 2 generateName, 3 namespace, 4 selfLink, 5 uid, 6 resourceVersion, 7 generation int, \
          8 creationTimestamp time, 9 deletionTimestamp time!, 10 deletionGracePeriodSeconds int!, 11 labels {string}, \
          12 annotations {string}, 13 ownerReferences [OwnerReference], 14 finalizers [string], \
          17 managedFields [ManagedFieldsEntry]
        OwnerReference: 1 kind!, 3 name!, 4 uid!, 5 apiVersion!, 6 controller bool!, 7 blockOwnerDeletion bool!
        ManagedFieldsEntry: 1 manager, 2 operation, 3 apiVersion, 4 time time!, 6 fieldsType, 7 fieldsV1 raw!, \
          8 subresource
        LabelSelector: 1 matchLabels {string}, 2 matchExpressions [LabelSelectorRequirement]
        LabelSelectorRequirement: 1 key!, 2 operator!, 3 values [string]
        Lease: 1 metadata ObjectMeta, 2 spec LeaseSpec
        LeaseSpec: 1 holderIdentity!, 2 leaseDurationSeconds int!, 3 acquireTime microTime!, 4 renewTime microTime!, \
          5 leaseTransitions int!, 6 strategy!, 7 preferredHolder!
        EventsEvent: 1 metadata ObjectMeta, 2 eventTime microTime, 3 series EventsEventSeries!, \
          4 reportingController, 5 reportingInstance, 6 action, 7 reason, 8 regarding ObjectReference, \
          9 related ObjectReference!, 10 note, 11 type, 12 deprecatedSource EventSource, \
          13 deprecatedFirstTimestamp time, 14 deprecatedLastTimestamp time, 15 deprecatedCount int
        EventsEventSeries: 1 count int!, 2 lastObservedTime microTime
        Job: 1 metadata ObjectMeta, 2 spec JobSpec, 3 status JobStatus
        JobSpec: 1 parallelism int!, 2 completions int!, 3 activeDeadlineSeconds int!, 4 selector LabelSelector!, \
          5 manualSelector bool!, 6 template PodTemplateSpec, 7 backoffLimit int!, 8 ttlSecondsAfterFinished int!, \
          9 completionMode!, 10 suspend bool!, 11 podFailurePolicy PodFailurePolicy!, 12 backoffLimitPerIndex int!, \
          13 maxFailedIndexes int!, 14 podReplacementPolicy!, 15 managedBy!, 16 successPolicy SuccessPolicy!
        PodFailurePolicy: 1 rules [PodFailurePolicyRule]
        PodFailurePolicyRule: 1 action!, 2 onExitCodes PodFailurePolicyOnExitCodesRequirement!, \
          3 onPodConditions [PodFailurePolicyOnPodConditionsPattern]
        PodFailurePolicyOnExitCodesRequirement: 1 containerName!, 2 operator!, 3 values [int]
        PodFailurePolicyOnPodConditionsPattern: 1 type!, 2 status!
        SuccessPolicy: 1 rules [SuccessPolicyRule]
        SuccessPolicyRule: 1 succeededIndexes!, 2 succeededCount int!
        JobStatus: 1 conditions [JobCondition], 2 startTime time!, 3 completionTime time!, 4 active int, \
          5 succeeded int, 6 failed int, 7 completedIndexes, 8 uncountedTerminatedPods UncountedTerminatedPods!, \
          9 ready int!, 10 failedIndexes!, 11 terminating int!
        JobCondition: 1 type!, 2 status!, 3 lastProbeTime time, 4 lastTransitionTime time, 5 reason, 6 message
        UncountedTerminatedPods: 1 succeeded [string], 2 failed [string]
        DeleteOptions: 1 gracePeriodSeconds int!, 2 preconditions Preconditions!, 3 orphanDependents bool!, \
          4 propagationPolicy!, 5 dryRun [string], 6 ignoreStoreReadErrorWithClusterBreakingPotential bool!
        Preconditions: 1 uid!, 2 resourceVersion!
        SelfSubjectAccessReview: 1 metadata ObjectMeta, 2 spec SelfSubjectAccessReviewSpec, \
          3 status SubjectAccessReviewStatus
        SelfSubjectAccessReviewSpec: 1 resourceAttributes ResourceAttributes!, \
          2 nonResourceAttributes NonResourceAttributes!
        ResourceAttributes: 1 namespace, 2 verb, 3 group, 4 version, 5 resource, 6 subresource, 7 name, \
          8 fieldSelector FieldSelectorAttributes!, 9 labelSelector LabelSelectorAttributes!
        FieldSelectorAttributes: 1 rawSelector, 2 requirements [FieldSelectorRequirement]
        FieldSelectorRequirement: 1 key!, 2 operator!, 3 values [string]
        LabelSelectorAttributes: 1 rawSelector, 2 requirements [LabelSelectorRequirement]
        NonResourceAttributes: 1 path, 2 verb
        SubjectAccessReviewStatus: 1 allowed bool!, 2 reason, 3 evaluationError, 4 denied bool
        Eviction: 1 metadata ObjectMeta, 2 deleteOptions DeleteOptions!
        ValidatingWebhookConfiguration: 1 metadata ObjectMeta, 2 webhooks [ValidatingWebhook]
        ValidatingWebhook: 1 name!, 2 clientConfig WebhookClientConfig, 3 rules [RuleWithOperations], 4 failurePolicy!, \
          5 namespaceSelector LabelSelector!, 6 sideEffects!, 7 timeoutSeconds int!, 8 admissionReviewVersions [string], \
          9 matchPolicy!, 10 objectSelector LabelSelector!, 11 matchConditions [MatchCondition]
        MatchCondition: 1 name!, 2 expression!
        WebhookClientConfig: 1 service ServiceReference!, 2 caBundle bytes, 3 url!
        ServiceReference: 1 namespace!, 2 name!, 3 path!, 4 port int!
        RuleWithOperations: 1 operations [string], 2 ~ Rule
        Rule: 1 apiGroups [string], 2 apiVersions [string], 3 resources [string], 4 scope!
        """
}
