/** The landing page: a form, and above it what became of the last one. */
export function sitePage(view: { code: string; done?: boolean; error?: string }): string {
	const notice = view.done
		? '<p role="status">Thank you. Please look into your mailbox to confirm.</p>'
		: view.error
			? `<p role="alert">${escapeHtml(view.error)}</p>`
			: '';
	const invited = view.code ? '<p>A friend sent you here.</p>' : '';
	return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The Sandbox Letter</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 26rem; margin: 15vh auto 0; padding: 0 1.25rem; }
h1 { font-size: 1.75rem; margin-bottom: 0; }
label { display: block; margin: 1rem 0 .25rem; }
input { width: 100%; box-sizing: border-box; font: inherit; padding: .5rem; }
button { font: inherit; margin-top: 1.25rem; padding: .5rem 1.25rem; }
[role] { border-left: 3px solid currentColor; padding-left: .75rem; }
</style>
</head>
<body>
<h1>The Sandbox Letter</h1>
${invited}
${notice}
<form method="post" action="/site">
<input type="hidden" name="rh_ref" value="${escapeHtml(view.code)}">
<label for="email">E-mail</label>
<input id="email" name="email" type="email" required>
<label for="name">Name</label>
<input id="name" name="name">
<button>Subscribe</button>
</form>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
	return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
