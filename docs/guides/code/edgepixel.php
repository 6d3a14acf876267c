<?php
/**
 * Plugin Name: Edgepixel
 * Description: Visits, registrations and WooCommerce payments for Edgepixel.
 * Version: 1.0.0
 * Requires PHP: 7.4
 */

/** Who somebody is in Edgepixel: a user by number, a guest by a hash of the address, nobody by neither. */
function edgepixel_player(int $user_id, string $email = '', string $salt = ''): ?string {
    if ($user_id > 0) return "wp-$user_id";
    return $email === '' ? null : 'guest-' . substr(hash_hmac('sha256', strtolower(trim($email)), $salt), 0, 32);
}

/** What stands in the head of each page; with a player, the visitor is this player from now on. */
function edgepixel_tag(string $url, string $project, ?string $player): string {
    $tag = sprintf(
        '<script async src="%s/pixel.js" data-project="%s"></script>' . "\n",
        htmlspecialchars($url, ENT_QUOTES),
        htmlspecialchars($project, ENT_QUOTES)
    );
    return $player === null ? $tag : edgepixel_identify($player) . $tag;
}

function edgepixel_identify(string $player): string {
    return '<script>window.pixel=window.pixel||function(){(pixel.q=pixel.q||[]).push(arguments)};'
        . 'pixel("identify",' . json_encode(['player_id' => $player], JSON_HEX_TAG) . ')</script>' . "\n";
}

/** An event of something that happened now. `$name` is what it is known by: sent twice, it counts once. */
function edgepixel_event(string $type, string $name, string $player, int $now, array $more = []): array {
    return ['event_type' => $type, 'event_id' => $name, 'player_id' => $player, 'timestamp' => $now * 1000] + $more;
}

/** Money, as text with at most four places: WooCommerce has numbers such as 29.950000000000003. */
function edgepixel_money(string $transaction, float $amount, string $currency): array {
    $decimal = number_format(abs($amount), 4, '.', '');
    return ['transaction_id' => $transaction, 'amount' => $decimal, 'currency' => $currency];
}

/** Seconds until the next try, of ten within some 17 hours; null where another one is of no use. */
function edgepixel_wait(int $status, int $tries): ?int {
    $final = $status >= 400 && $status < 500 && $status !== 429;
    return $status === 202 || $final || $tries >= 10 ? null : 60 * 2 ** $tries;
}

// What follows needs WordPress.
if (!defined('ABSPATH')) return;

/** Events are sent by WP-Cron, so that no visitor waits and a failed one is tried again. */
function edgepixel_later(array $event, int $seconds = 0, int $tries = 0): void {
    wp_schedule_single_event(time() + $seconds, 'edgepixel_send', [$event, $tries]);
}

add_action('edgepixel_send', function (array $event, int $tries): void {
    $answer = wp_remote_post(EDGEPIXEL_URL . '/api/v1/events', [
        'headers' => ['Authorization' => 'Bearer ' . EDGEPIXEL_KEY, 'Content-Type' => 'application/json'],
        'body' => wp_json_encode($event),
        'timeout' => 10,
    ]);
    $status = (int) wp_remote_retrieve_response_code($answer);
    $wait = edgepixel_wait($status, $tries);
    if ($wait !== null) edgepixel_later($event, $wait, $tries + 1);
    elseif ($status !== 202) error_log("Edgepixel did not take {$event['event_id']}: $status " . wp_remote_retrieve_body($answer));
}, 10, 2);

add_action('wp_head', function (): void {
    echo edgepixel_tag(EDGEPIXEL_URL, EDGEPIXEL_PROJECT, edgepixel_player(get_current_user_id()));
}, 1);

add_action('user_register', function (int $user_id): void {
    edgepixel_later(edgepixel_event('registration', "registration-$user_id", edgepixel_player($user_id), time()));
});

function edgepixel_buyer(WC_Order $order): string {
    $name = edgepixel_player($order->get_user_id(), $order->get_billing_email(), wp_salt());
    return $name ?? 'order-' . $order->get_id();
}

add_action('woocommerce_payment_complete', function (int $order_id): void {
    $order = wc_get_order($order_id);
    $money = edgepixel_money("order-$order_id", (float) $order->get_total(), $order->get_currency());
    edgepixel_later(edgepixel_event('purchase', "purchase-$order_id", edgepixel_buyer($order), time(), $money));
});

add_action('woocommerce_order_refunded', function (int $order_id, int $refund_id): void {
    $order = wc_get_order($order_id);
    $money = edgepixel_money("refund-$refund_id", (float) wc_get_order($refund_id)->get_amount(), $order->get_currency());
    edgepixel_later(edgepixel_event('refund', "refund-$refund_id", edgepixel_buyer($order), time(), $money));
}, 10, 2);

// The page of thanks tells which visitor the buyer was, also where they have no account.
add_action('woocommerce_thankyou', function (int $order_id): void {
    echo edgepixel_identify(edgepixel_buyer(wc_get_order($order_id)));
});
