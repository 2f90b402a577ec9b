module.exports = {
	nodes: {
		SparkLoop: require('./dist/nodes/SparkLoop/SparkLoop.node.js').SparkLoop,
		SparkLoopTrigger: require('./dist/nodes/SparkLoop/SparkLoopTrigger.node.js').SparkLoopTrigger,
	},
	credentials: {
		SparkLoopApi: require('./dist/credentials/SparkLoopApi.credentials.js').SparkLoopApi,
		SparkLoopIncomingWebhookApi:
			require('./dist/credentials/SparkLoopIncomingWebhookApi.credentials.js')
				.SparkLoopIncomingWebhookApi,
		SparkLoopWebhookTokenApi: require('./dist/credentials/SparkLoopWebhookTokenApi.credentials.js')
			.SparkLoopWebhookTokenApi,
	},
};
